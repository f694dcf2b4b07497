# Changes the work tree from the checkpoint $FROM to the checkpoint $TO, in a jail in which nothing of an agent runs.
#
#     objects of history.git (read-only) ──► a git directory in /tmp ──► work tree
#
# The agent's own .git is not used for it, and attributes choose no program. git itself never writes through a link in the work
# tree. Files that no checkpoint holds stay, such as ignored ones. It may run again after it was cut off.
set -e
umask 022
# A call that was repeated, perhaps by another runner, waits for the first one.
exec 9<"$REPO"
if command -v flock >/dev/null; then flock 9; fi
cd "$REPO"
own=$(mktemp -d)
trap 'rm -rf "$own"' EXIT
mkdir -p "$own/git/objects/info" "$own/git/refs" "$own/git/info" "$own/rules"
echo 'ref: refs/heads/none' >"$own/git/HEAD"
echo "$HISTORY/objects" >"$own/git/objects/info/alternates"
# As in history.git: files are byte for byte what was recorded.
echo '* -text -crlf -ident -filter !eol !working-tree-encoding !diff !merge !whitespace !conflict-marker-size' \
  >"$own/git/info/attributes"
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_OPTIONAL_LOCKS=0
trusted() {
  command git --git-dir="$own/git" --work-tree="$REPO" -c core.protectNTFS=false -c core.protectHFS=false \
    -c core.symlinks=true -c core.fileMode=true -c core.autocrlf=false -c safe.directory='*' "$@"
}

# What $FROM has and $TO ignores stays, too: an agent may have changed the rules, and node_modules were recorded.
keep_ignored() {
  trusted diff-tree -r -z --no-renames --name-only --diff-filter=D "$FROM" "$TO" >"$own/gone"
  [ -s "$own/gone" ] || return 0
  # A person who takes a file away means it, unless the rules change with it.
  if [ -n "$SPARE_IGNORED" ] && trusted diff-tree -r --quiet "$FROM" "$TO" -- ':(glob)**/.gitignore'; then return 0; fi
  trusted ls-tree -r -z --name-only "$TO" | grep -zE '(^|/)\.gitignore$' >"$own/names" || return 0
  GIT_INDEX_FILE="$own/to" trusted read-tree "$TO"
  GIT_INDEX_FILE="$own/to" trusted --work-tree="$own/rules" checkout-index -f -z --stdin <"$own/names"
  (cd "$own/rules" && GIT_INDEX_FILE="$own/to" trusted --work-tree="$own/rules" check-ignore -z --stdin <"$own/gone" >"$own/kept") ||
    return 0
  trusted update-index --force-remove -z --stdin <"$own/kept"
}

# The trees have pointers of Git LFS where the contents may stand. Contents stay where the pointer stays.
keep_contents() {
  trusted diff-files -z --ignore-submodules --no-renames --diff-filter=M --name-only | LC_ALL=C sort -z >"$own/dirty"
  trusted diff-tree -r -z --no-renames --name-only "$FROM" "$TO" | LC_ALL=C sort -z >"$own/differ"
  LC_ALL=C comm -z -23 "$own/dirty" "$own/differ" >"$own/same"
  local names
  mapfile -d '' -t names <"$own/same"
  : >"$own/contents"
  for ((at = 0; at < ${#names[@]}; at += 500)); do
    # It finds nothing in most repositories, and says so by its exit code.
    trusted --literal-pathspecs grep --cached -z -l -e '^version https://git-lfs\.github\.com/spec/v1$' \
      -- "${names[@]:at:500}" >>"$own/contents" || true
  done
  trusted update-index --skip-worktree -z --stdin <"$own/contents"
}

restore() {
  trusted read-tree "$FROM" || return 1
  trusted update-index -q --ignore-submodules --refresh >/dev/null 2>&1 || true
  keep_contents || return 1
  keep_ignored || return 1
  trusted read-tree --reset -u "$TO"
}

# What stands where the file $1 is to be: the file itself, or a file or link whose name a folder on the way there needs.
occupant() {
  local at='' rest="$1/"
  while [ -n "$rest" ]; do
    at="$at${rest%%/*}" rest="${rest#*/}"
    if [ -L "$at" ] || { [ -e "$at" ] && { [ -z "$rest" ] || [ ! -d "$at" ]; }; }; then
      printf '%s' "$at"
      return
    fi
    [ -d "$at" ] || return 0
    at="$at/"
  done
}

# A person's edit makes no new file where an ignored one is, which no checkpoint could bring back.
if [ -n "$SPARE_IGNORED" ]; then
  trusted read-tree "$FROM"
  trusted diff-tree -r -z --no-renames --name-only --diff-filter=A "$FROM" "$TO" >"$own/new"
  while IFS= read -r -d '' name; do
    there=$(occupant "$name")
    [ -n "$there" ] || continue
    trusted --literal-pathspecs ls-files --others -z -- "$there" >"$own/others"
    if [ -s "$own/others" ]; then
      echo 'A file that no checkpoint holds is in the way.'
      exit 3
    fi
  done <"$own/new"
fi

# An agent may have locked folders.
restore || {
  find . -path ./.git -prune -o -type d ! -perm -700 -exec chmod u+rwx {} \;
  rm -f "$own/git/index" "$own/git/index.lock"
  restore
}

# Last, and as far as the agent's repository lets us: its branch and its index as they were. Its hooks do not run.
agents() {
  command git --git-dir="$REPO/.git" -c core.hooksPath=/dev/null -c core.fsmonitor=false -c safe.directory='*' "$@" \
    <"$own/contents" >/dev/null 2>&1
}
[ -n "$COMMIT" ] || exit 0
if agents cat-file -e "$COMMIT^{commit}"; then
  (cd .git && rm -rf index.lock HEAD.lock MERGE_HEAD MERGE_MSG CHERRY_PICK_HEAD REVERT_HEAD rebase-merge rebase-apply)
  if [ -n "$REF" ]; then
    agents update-ref --no-deref "$REF" "$COMMIT" && agents symbolic-ref HEAD "$REF"
  else
    agents update-ref --no-deref HEAD "$COMMIT"
  fi && agents read-tree --reset "$COMMIT" && agents update-index --skip-worktree -z --stdin || echo 'The agent’s own repository stays as it is.'
fi
