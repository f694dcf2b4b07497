#!/bin/sh
# Verifies evidence of checks without the platform. Needs jq and OpenSSL 3.
#
#     curl -H "Authorization: Bearer $TOKEN" $URL/api/evidence/$ID >evidence.json
#     curl $URL/api/evidence-keys >keys.json      once, when you trust the installation; keep it
#     sh verify-evidence.sh evidence.json keys.json
#
# Prints the statement if its signature is genuine and the logs are those that it names.
set -eu
evidence=$1 keys=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
jq -j .envelope.payload "$evidence" | base64 -d >"$work/payload"
type=$(jq -r .envelope.payloadType "$evidence")
{
  printf 'DSSEv1 %s %s %s ' "${#type}" "$type" "$(wc -c <"$work/payload" | tr -d ' ')"
  cat "$work/payload"
} >"$work/signed"
jq -j '.envelope.signatures[0].sig' "$evidence" | base64 -d >"$work/signature"
id=$(jq -r '.envelope.signatures[0].keyid' "$evidence")
jq -er --arg id "$id" '.items[] | select(.key_id == $id) | .public_key' "$keys" >"$work/key.pem"
openssl pkeyutl -verify -pubin -inkey "$work/key.pem" -rawin -in "$work/signed" -sigfile "$work/signature" >&2
count=$(jq '.predicate.checks | length' "$work/payload")
for index in $(seq 0 $((count - 1))); do
  log=$(jq -j --argjson index "$index" '.checks[$index].log' "$evidence" | openssl dgst -sha256 -r | cut -d ' ' -f 1)
  [ "$log" = "$(jq -r --argjson index "$index" '.predicate.checks[$index].log_sha256' "$work/payload")" ] ||
    { echo "The log of check $((index + 1)) is another one." >&2; exit 1; }
done
jq . "$work/payload"
