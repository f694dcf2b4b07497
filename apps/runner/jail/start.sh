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
# Codex and its commands speak TCP, and the one way out of the jail is a Unix socket. Bytes pass as they are; whoever has sent all
# waits for the answer as long as it takes (-t). Nothing that it says reaches the runner: commands run as the same user, and may have
# it say anything.
/run/jail/socat -t 1000000 -b 65536 TCP4-LISTEN:39100,bind=127.0.0.1,nodelay,backlog=256,fork \
  UNIX-CONNECT:/run/jail/run.sock </dev/null >/dev/null 2>&1 &
if [ -e /run/jail/setup.sh ]; then
  # A script may want the network with its first command.
  /run/jail/socat -u /dev/null TCP4:127.0.0.1:39100,retry=200,interval=0.01 || exit 1
  # What is said here from now on is about the script.
  exec 2>&1
  /bin/sh /run/jail/script.sh /run/jail/setup.sh
else
  # Codex asks for a model long after the relay is there; should it not be, Codex asks again.
  /run/jail/codex/bin/codex "$@"
fi
