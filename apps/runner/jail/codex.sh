#!/bin/sh
# Starts Codex with the instructions of the repository.
#
#     AGENTS.override.md, else AGENTS.md, of the repository ─┐
#                 the same of its folders, three levels deep ─┴► $CODEX_HOME/AGENTS.md ──► Codex
#
# Codex itself reads these files only of projects that it trusts, and in those it also starts programs that the repository names.
# So they are copied to where Codex reads its user's instructions, in trusted repositories too. In a jail this script runs inside: an AGENTS.md may be a link.
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

# Prints the names of the MCP servers that are programs.
server_programs() {
  awk '/^[[:space:]]*\[/ { name = "" }
    match($0, /^[[:space:]]*\[mcp_servers\.[A-Za-z0-9_-]+\]/) { gsub(/.*mcp_servers\.|\].*/, ""); name = $0; next }
    name != "" && /^[[:space:]]*command[[:space:]]*=/ { print name }' .codex/config.toml
}

# Prints the setting that keeps the repository's skills from the model; if they cannot be named, all skills.
without_skills() {
  paths=$(timeout 2 find -L "$PWD/.agents/skills" "$PWD/.codex/skills" -name SKILL.md -print -exec readlink -f {} \; 2>/dev/null)
  if [ $? -eq 124 ] || [ ${#paths} -gt 50000 ] || [ -n "$(printf %s "$paths" | tr -d 'A-Za-z0-9/._+@ \n-')" ]; then
    echo 'skills.include_instructions=false'
  else
    printf 'skills.config=[%s]' "$(printf '%s\n' "$paths" | sed -n "s|..*|{path='&',enabled=false},|p")"
  fi
}

command=$1
shift
if [ -z "$SAAS_CODEX_SERVER_VARIABLES" ]; then
  # Codex itself offers skills to the model also in repositories that are not trusted.
  set -- --config "$(without_skills)" "$@"
elif [ -f .codex/config.toml ]; then
  # Codex gives MCP servers few variables of its own, and without these they reach no network.
  for server in $(server_programs); do
    for name in $SAAS_CODEX_SERVER_VARIABLES; do
      eval "value=\$$name"
      set -- --config "mcp_servers.$server.env.$name='$value'" "$@"
    done
  done
fi
program=$SAAS_CODEX_PROGRAM
unset SAAS_CODEX_SERVER_VARIABLES SAAS_CODEX_REPO SAAS_CODEX_PROGRAM SAAS_CODEX_JAILED
exec "$program" "$command" "$@"
