# Packs the commits of the agent's own repository that lead to $HEAD, and not to one of $WITHOUT, in a jail in which nothing of an agent runs.
#
#     repo/.git/objects ──► a git directory in /tmp, which borrows them ──► pack, in base64, to stdout
#
# Only the objects are the agent's: its settings, hooks, replaced objects, grafts and refs have no say. A link that leads elsewhere
# ends at the jail's walls. What comes out is checked by its reader.
set -e
own=$(mktemp -d)
trap 'rm -rf "$own"' EXIT
mkdir -p "$own/git/objects/info" "$own/git/refs"
echo 'ref: refs/heads/none' >"$own/git/HEAD"
echo "$REPO/.git/objects" >"$own/git/objects/info/alternates"
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_NO_REPLACE_OBJECTS=1
agents() {
  command git --git-dir="$own/git" -c safe.directory='*' -c pack.threads=1 "$@"
}

agents cat-file -e "$HEAD^{commit}" || exit 3
echo "$HEAD" >"$own/revisions"
for commit in $WITHOUT; do
  if agents cat-file -e "$commit^{commit}" 2>/dev/null; then echo "^$commit" >>"$own/revisions"; fi
done
# It stops early where there is more than fits.
agents pack-objects -q --revs --stdout --delta-base-offset <"$own/revisions" | head -c "$((MAX_BYTES + 1))" >"$own/pack" || true
[ "$(wc -c <"$own/pack")" -le "$MAX_BYTES" ] || exit 4
base64 "$own/pack"
