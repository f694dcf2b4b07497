#!/bin/sh
# The first process in the jail, so that everything ends with it.
#
#     stdin (the prompt) ──► codex ──► stdout (events)
#                   or setup script ─► stdout (all that it prints)
#                              └─────► relay ──► the runner's proxies
prlimit --pid $$ $SAAS_CODEX_LIMITS || exit 1
unset SAAS_CODEX_LIMITS
# What is installed for this session alone comes first, but not before this script has found its own programs.
export PATH="$HOME/.local/bin:$PATH"
# Nothing that it says reaches the runner: commands run as the same user, and may have it say anything.
relay() { exec /run/jail/node /run/jail/relay.mjs </dev/null 2>/dev/null; }
if [ -e /run/jail/setup.sh ]; then
  # A script may want the network with its first command.
  /usr/bin/mkfifo /tmp/relay
  relay >/tmp/relay &
  read -r _ </tmp/relay
  /bin/rm /tmp/relay
  # What is said here from now on is about the script.
  exec 2>&1
  /bin/sh /run/jail/script.sh /run/jail/setup.sh
else
  # Codex asks for a model long after the relay is there; should it not be, Codex asks again.
  relay >/dev/null &
  /run/jail/codex/bin/codex "$@"
fi
