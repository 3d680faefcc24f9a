#!/bin/sh
# What can be done, how, and doing it, by curl. SKILLETT_URL and SKILLETT_API_KEY come from the environment.
set -eu
url="${SKILLETT_URL:-http://localhost:4000}"
auth="Authorization: Bearer ${SKILLETT_API_KEY:?set SKILLETT_API_KEY}"

# Which services, and which of them are connected.
curl -sf "$url/v1/skills" -H "$auth"
echo

# How a note is made: parameters, an example, what comes back.
curl -sf "$url/v1/skills/sandbox/create_note" -H "$auth"
echo

# Making one. Sent again with the same key of idempotency, it is made once.
curl -sf -X POST "$url/v1/sandbox/create_note" -H "$auth" -H 'Content-Type: application/json' \
  -H 'Idempotency-Key: example-1' -d '{"params": {"title": "From a shell"}}'
echo

# Only what is wanted of a long answer (JMESPath).
curl -sf -X POST "$url/v1/sandbox/list_notes" -H "$auth" -H 'Content-Type: application/json' \
  -d '{"params": {}, "select": "notes[].title"}'
echo
