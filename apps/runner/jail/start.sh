#!/bin/sh
# The first process in the jail. Everything in the jail ends with it.
#
#     stdin (the prompt) ──► codex.sh ──► codex ──► stdout (events)
#                   or setup script ─► stdout (everything that it prints)
#                              └─────► relay ──► the runner's proxies
prlimit --pid $$ $SAAS_CODEX_LIMITS || exit 1
unset SAAS_CODEX_LIMITS
# Programs installed for this session take precedence in commands and scripts, by etc/profile. Codex itself may start before
# there is a run, and then starts programs of the system alone; unless it connects to a repository's MCP servers.
[ -z "$SAAS_CODEX_SERVER_VARIABLES" ] || export PATH="$HOME/.local/bin:$HOME/bin:$PATH"
# Codex and its commands use TCP, and the only way out of the jail is a Unix socket. The relay passes bytes unchanged. After one
# side has sent everything, it waits for the answer as long as needed (-t). Its own output is discarded: commands run as the same
# user and could forge it.
/run/jail/socat -t 1000000 -b 65536 TCP4-LISTEN:39100,bind=127.0.0.1,nodelay,backlog=256,fork \
  UNIX-CONNECT:/run/jail/run.sock </dev/null >/dev/null 2>&1 &
if [ -e /run/jail/setup.sh ]; then
  # Wait for the relay: a script may use the network in its first command.
  /run/jail/socat -u /dev/null TCP4:127.0.0.1:39100,retry=200,interval=0.01 || exit 1
  # From here on, messages of this shell are about the script.
  exec 2>&1
  /bin/sh /run/jail/script.sh /run/jail/setup.sh
else
  # The relay is ready long before Codex calls the model. Otherwise Codex retries.
  SAAS_CODEX_JAILED=1 SAAS_CODEX_REPO=$PWD SAAS_CODEX_PROGRAM=/run/jail/codex/bin/codex /bin/sh /run/jail/codex.sh "$@"
fi
