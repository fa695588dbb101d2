#!/bin/sh
# Prometheus from Debian's packages reads the demo's /metrics with the job of ops/prometheus.yml, and its HTTP API says
# what it read. Installs what is missing (as root); stops everything it started.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
port=${PORT:-4718}
scraper=${SCRAPER_PORT:-4719}
node=${NODE:-"$root/node_modules/node/bin/node"}
[ -x "$node" ] || node=$(command -v node)
scratch=$(mktemp -d)
api= prometheus=
stop() {
  for pid in $api $prometheus; do kill "$pid" 2>/dev/null || true; done
  for pid in $api $prometheus; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$scratch"
}
trap stop EXIT
trap 'exit 1' INT TERM
say() { printf '%s\n' "$*"; }
fail() {
  say "$1" >&2
  cat "$scratch"/*.log >&2
  exit 1
}

if ! command -v prometheus >/dev/null || ! command -v promtool >/dev/null; then
  say 'installing prometheus'
  apt-get update -qq >/dev/null
  # Its service would start on its own and read the machine, which nobody asked for; so it is masked meanwhile.
  unit=/etc/systemd/system/prometheus.service
  mkdir -p "${unit%/*}"
  masked=
  [ -e "$unit" ] || { ln -s /dev/null "$unit" && masked=yes; }
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends prometheus >"$scratch/apt.log" 2>&1 ||
    fail 'prometheus cannot be installed'
  [ -z "$masked" ] || rm "$unit"
  systemctl disable prometheus >/dev/null 2>&1 || true
fi

PORT=$port HOST=127.0.0.1 LOG_LEVEL=warn "$node" "$root/src/main.ts" demo >"$scratch/api.out" 2>"$scratch/api.log" &
api=$!
for _ in $(seq 1 120); do
  grep -q 'ready at' "$scratch/api.out" && break
  kill -0 "$api" 2>/dev/null || fail 'the demo did not start'
  sleep 0.5
done
ask() { curl -fsS "http://127.0.0.1:$port$1"; }
curl -fsS "http://127.0.0.1:$port/graphql" -H 'content-type: application/json' \
  -d '{"query":"{ market(symbol: \"BTC-USD\") { price { value } } }"}' >"$scratch/price.log" || fail 'no price'
ask /metrics >"$scratch/metrics" || fail '/metrics does not answer'
promtool check metrics <"$scratch/metrics" || fail 'promtool objects to /metrics'
say "metrics: $(grep -c '^# TYPE' "$scratch/metrics") families, nothing to object to"

sed "s/api:4000/127.0.0.1:$port/; s/scrape_interval: .*/scrape_interval: 1s/" "$root/ops/prometheus.yml" >"$scratch/prometheus.yml"
promtool check config "$scratch/prometheus.yml" >"$scratch/config.log" || fail 'promtool objects to ops/prometheus.yml'
prometheus --config.file="$scratch/prometheus.yml" --storage.tsdb.path="$scratch/data" \
  --web.listen-address="127.0.0.1:$scraper" >"$scratch/prometheus.log" 2>&1 &
prometheus=$!

# The value of an expression's only series, or of all of them together.
value() {
  curl -fsSG "http://127.0.0.1:$scraper/api/v1/query" --data-urlencode "query=$1" 2>/dev/null |
    sed -n 's/.*"value":\[[^,]*,"\([^"]*\)"\].*/\1/p'
}
up=
for _ in $(seq 1 60); do
  up=$(value 'up{job="facade"}') || true
  [ "$up" = 1 ] && break
  sleep 0.5
done
[ "$up" = 1 ] || fail 'prometheus does not see the facade up'
say 'up 1'
for expression in 'count({__name__=~"facade_.+"})' 'sum(facade_stream_connected)' 'sum(facade_source_up)' \
  'sum(facade_stream_messages_total)' 'sum(facade_http_answers_total{status="200"})' \
  'sum(facade_snapshots_written_total)'; do
  seen=$(value "$expression")
  [ -n "$seen" ] || fail "$expression has no value"
  say "$expression $seen"
done

# What the dashboard asks is asked of a Prometheus that has read the house: each expression has to be understood.
expressions="$scratch/expressions"
"$node" -e '
  const { panels } = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"))
  for (const { targets = [] } of panels) for (const { expr } of targets) console.log(expr.replaceAll("$__rate_interval", "1m"))
' "$root/ops/grafana/dashboards/facade.json" >"$expressions"
while IFS= read -r expression; do
  curl -fsSG "http://127.0.0.1:$scraper/api/v1/query" --data-urlencode "query=$expression" >"$scratch/answer.log" ||
    fail "not understood: $expression"
done <"$expressions"
say "dashboard: $(wc -l <"$expressions") expressions understood"
