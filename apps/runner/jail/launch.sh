#!/bin/sh
# Builds the jail and starts start.sh in it. For a prompt, the engine starts this script instead of Codex, with Codex's arguments.
# The jail's arguments are in a file, so that they do not appear in a list of processes. They hold secrets of the run, so the
# file is gone as soon as it is open.
# First enter the run's control group, if it has one: from here on every process of the run is in it.
[ -z "$SAAS_CODEX_GROUP" ] || echo 0 >"$SAAS_CODEX_GROUP/cgroup.procs" || exit 1
exec 3<"$SAAS_CODEX_JAIL/arguments" 4<"$SAAS_CODEX_JAIL/filter"
rm "$SAAS_CODEX_JAIL/arguments" || exit 1
# The SDK writes the schema of an answer to a file and names it: in the jail it has a fixed place.
schema= previous=
for argument; do
  shift
  [ "$previous" != --output-schema ] || { schema=$argument argument=/run/jail/schema.json; }
  set -- "$@" "$argument"
  previous=$argument
done
# Close all other descriptors of the runner. A plain sh has no syntax for descriptors above 9.
# The services, which answer everybody, come before all that agents start (run-priority.ts).
exec nice -n 5 "$(command -v bash || echo /bin/sh)" -c '
  for file in /proc/self/fd/*; do
    number=${file##*/}
    [ "$number" -le 4 ] || { [ "$number" -gt 9 ] && [ -z "$BASH" ]; } || eval "exec $number>&-"
  done
  exec "$@"' launch "$SAAS_CODEX_BWRAP" ${schema:+--ro-bind "$schema" /run/jail/schema.json} --args 3 --seccomp 4 -- /bin/sh /run/jail/start.sh "$@"
