# shellcheck shell=bash
# Debian packages that the project needs, and how they get onto a machine without starting anything there.
# Sourced by tests/run and contrib/quickstart.

# shellcheck disable=SC2034
packages_build=(gcc make autoconf automake pkg-config libc6-dev libglib2.0-dev libpq-dev libzstd-dev libarchive-dev libsodium-dev
	libssl-dev libxxhash-dev libsqlite3-dev libjansson-dev libcurl4-openssl-dev)
# shellcheck disable=SC2034
packages_postgres=(postgresql postgresql-15 postgresql-client-15 util-linux procps)

# Prints those of the packages named that are missing. NAME=COMMAND is there when COMMAND can be found.
packages_missing() {
	local entry package
	for entry in "$@"; do
		package=${entry%%=*}
		if [ "$package" != "$entry" ] && command -v "${entry#*=}" >/dev/null; then
			continue
		fi
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || echo "$package"
	done
}

# PostgreSQL's packages make and start a cluster unless told not to before they are unpacked.
packages_forbid_main_cluster() {
	local conf=/etc/postgresql-common/createcluster.conf
	mkdir -p "${conf%/*}"
	if [ -e "$conf" ] && grep -q '^ *create_main_cluster' "$conf"; then
		sed -i 's/^ *create_main_cluster.*/create_main_cluster = false/' "$conf"
	else
		echo 'create_main_cluster = false' >>"$conf"
	fi
}

# Installs what is missing of the packages named. Fails when apt does.
packages_install() {
	local missing=() policy=/usr/sbin/policy-rc.d blocked=no status=0
	mapfile -t missing < <(packages_missing "$@")
	[ "${#missing[@]}" -gt 0 ] || return 0

	echo "installing: ${missing[*]}" >&2
	case " ${missing[*]} " in *' postgresql'*) packages_forbid_main_cluster ;; esac
	if [ ! -e "$policy" ]; then
		printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" && blocked=yes
	fi
	{
		apt-get -q update &&
			DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 apt-get -q -y --no-install-recommends \
				-o Dpkg::Options::=--force-confold install "${missing[@]}"
	} </dev/null >&2 || status=1
	[ "$blocked" = no ] || rm -f "$policy"
	[ "$status" = 0 ] || echo "packages could not be installed: ${missing[*]}" >&2
	return "$status"
}
