#!/bin/sh
# Started by the SDK in place of Codex, with Codex's arguments, from the runner: builds the jail and starts start.sh in it.
# What the jail consists of stands in a file, so that nothing of it appears in a list of processes.
exec 3<"$SAAS_CODEX_JAIL/arguments" 4<"$SAAS_CODEX_JAIL/filter"
exec "$SAAS_CODEX_BWRAP" --args 3 --seccomp 4 -- /bin/sh /run/jail/start.sh "$@"
