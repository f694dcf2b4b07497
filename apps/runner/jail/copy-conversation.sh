# Copies Codex's conversations from another session of the organisation, in a jail that sees both: an agent may have put links there.
set -e
mkdir -p "$CODEX_HOME/sessions"
[ -d "$SOURCE/sessions" ] && [ ! -L "$SOURCE/sessions" ] || exit 0
cd "$SOURCE/sessions"
find . -type f -name '*.jsonl' -exec cp --parents -t "$CODEX_HOME/sessions" {} +
