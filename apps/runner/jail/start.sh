#!/bin/sh
# The first process in the jail, so that everything ends with it.
#
#     stdin (the prompt) ──► codex ──► stdout (events)
#                              └─────► relay ──► model proxy
#
# Nothing waits for the relay, which is there long before Codex asks for a model; should it not be, Codex asks again.
prlimit --pid $$ $SAAS_CODEX_LIMITS || exit 1
unset SAAS_CODEX_LIMITS
/run/jail/node /run/jail/relay.mjs </dev/null >/dev/null &
/run/jail/codex/bin/codex "$@"
