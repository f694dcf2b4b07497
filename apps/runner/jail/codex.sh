#!/bin/sh
# Starts Codex with the instructions of the repository.
#
#     AGENTS.override.md, else AGENTS.md, of the repository ─┐
#                 the same of its folders, three levels deep ─┴► $CODEX_HOME/AGENTS.md ──► Codex
#
# Codex itself reads these files only of projects that it trusts, and in those it also starts programs that the repository names.
# So they are copied to where Codex reads its user's instructions. In a jail this script runs inside: an AGENTS.md may be a link.
limit=32768 # bytes of all files together, as in Codex
cd "$SAAS_CODEX_REPO" || exit 1
rm -rf "$CODEX_HOME/AGENTS.md" "$CODEX_HOME/AGENTS.override.md" "$CODEX_HOME/rules"

# Prints the folders that have instructions, the repository first.
instructed_folders() {
  timeout 2 find . -maxdepth 4 -name .git -prune -o -name node_modules -prune -o \
    \( -name AGENTS.md -o -name AGENTS.override.md \) -xtype f -print 2>/dev/null |
    sed 's|/[^/]*$||' | LC_ALL=C sort -u
}

print_instructions() {
  instructed_folders | while IFS= read -r folder; do
    file=$folder/AGENTS.override.md
    [ -f "$file" ] || file=$folder/AGENTS.md
    [ -f "$file" ] || continue
    [ "$folder" = . ] || printf '\n\n--- for files in %s ---\n\n' "${folder#./}"
    head -c "$limit" "$file"
  done | head -c "$limit"
}

print_instructions >"$CODEX_HOME/AGENTS.md"
# What a jail allows its agent, Codex need not refuse. Without a jail, the same rule would start these commands unconfined.
[ -z "$SAAS_CODEX_JAILED" ] || {
  mkdir "$CODEX_HOME/rules"
  echo 'prefix_rule(pattern = ["rm"], decision = "allow")' >"$CODEX_HOME/rules/default.rules"
}
program=$SAAS_CODEX_PROGRAM
unset SAAS_CODEX_REPO SAAS_CODEX_PROGRAM SAAS_CODEX_JAILED
exec "$program" "$@"
