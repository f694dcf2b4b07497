#!/bin/sh
# Builds the jail and starts start.sh in it. For a prompt the SDK starts this in place of Codex, with Codex's arguments.
# What the jail consists of stands in a file, so that nothing of it appears in a list of processes.
# From here on nothing of the run is outside of its control group, where it has one.
[ -z "$SAAS_CODEX_GROUP" ] || echo 0 >"$SAAS_CODEX_GROUP/cgroup.procs" || exit 1
exec 3<"$SAAS_CODEX_JAIL/arguments" 4<"$SAAS_CODEX_JAIL/filter"
# Whatever else the runner was started with is not the jail's. A plain sh has no word for a descriptor above 9.
exec "$(command -v bash || echo /bin/sh)" -c '
  for file in /proc/self/fd/*; do
    number=${file##*/}
    [ "$number" -le 4 ] || { [ "$number" -gt 9 ] && [ -z "$BASH" ]; } || eval "exec $number>&-"
  done
  exec "$@"' launch "$SAAS_CODEX_BWRAP" --args 3 --seccomp 4 -- /bin/sh /run/jail/start.sh "$@"
