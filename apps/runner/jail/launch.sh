#!/bin/sh
# Builds the jail and starts start.sh in it. For a prompt the SDK starts this in place of Codex, with Codex's arguments.
# What the jail consists of stands in a file, so that nothing of it appears in a list of processes.
exec 3<"$SAAS_CODEX_JAIL/arguments" 4<"$SAAS_CODEX_JAIL/filter"
exec "$SAAS_CODEX_BWRAP" --args 3 --seccomp 4 -- /bin/sh /run/jail/start.sh "$@"
