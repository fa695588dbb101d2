#!/bin/sh
# Does what the image does, without Docker: installs the runtime packages alone into a copy, starts the server as
# somebody without rights, asks for its health as the image's check does, and stops it with SIGTERM.
#   scripts/image-steps.sh [command of main.ts, default: serve]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
command=${1:-serve}
port=${PORT:-4717}
node=${NODE:-"$root/node_modules/node/bin/node"}
[ -x "$node" ] || node=$(command -v node)
copy=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true; rm -rf "$copy"' EXIT
say() { printf '%s\n' "$*"; }

cp "$root/package.json" "$root/package-lock.json" "$root/.npmrc" "$copy/"
(cd "$copy" && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --silent 2>"$copy/npm.log") || {
  cat "$copy/npm.log" >&2
  exit 1
}
say "installed: $(find "$copy/node_modules" -name package.json -path '*/node_modules/*' -not -path '*/node_modules/*/*/*/package.json' | wc -l) packages, $(du -sm "$copy/node_modules" | cut -f1) MB"
cp -R "$root/config" "$root/schema" "$root/src" "$copy/"
cp "$node" "$copy/node"
chmod -R a+rX "$copy"

# setpriv gives up all rights where we have any to give up.
as=
[ "$(id -u)" -ne 0 ] || as="setpriv --reuid=65534 --regid=65534 --clear-groups"
cd "$copy"
NODE_ENV=production HOST=127.0.0.1 PORT=$port $as ./node src/main.ts "$command" >"$copy/said" 2>"$copy/log" &
pid=$!

healthy=no
for _ in $(seq 1 100); do
  kill -0 "$pid" 2>/dev/null || break
  if PORT=$port ./node -e 'fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))'; then
    healthy=yes
    break
  fi
done
[ $healthy = yes ] || {
  say 'not healthy; it said:' >&2
  cat "$copy/said" "$copy/log" >&2
  exit 1
}
say "healthy: as uid $(ps -o uid= -p "$pid" | tr -d ' ')"
kill -TERM "$pid"
code=0
wait "$pid" || code=$?
pid=
[ "$code" -eq 0 ] || {
  say "left with code $code" >&2
  exit 1
}
say 'left: on SIGTERM, with code 0'
