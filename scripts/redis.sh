#!/bin/sh
# Installs Debian's redis-server when it is missing and we may. No service is started or left enabled:
# the tests start their own servers.
set -eu
command -v redis-server >/dev/null 2>&1 && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo 'redis-server is missing: install it (Debian: apt-get install redis-server) and run again' >&2
  exit 1
fi

# Debian asks this file before a package may start its service; 101 means "do not".
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi

export DEBIAN_FRONTEND=noninteractive
install() { apt-get install -y -q --no-install-recommends redis-server >&2; }
install || { apt-get update -q >&2 && install; }
command -v systemctl >/dev/null 2>&1 && systemctl disable redis-server >/dev/null 2>&1 || true
command -v redis-server >/dev/null
