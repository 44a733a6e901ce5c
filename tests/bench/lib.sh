# shellcheck shell=bash
# What the benches share: their command line, where they work, what they build, how they measure and print.
# Sourced. A bench sets all_figures, and where the repositories are:
#   ours_repository, peer_repository    print the lines of the configuration
#   new_repository FOLDER               makes that of $ours or $peer anew
#   repository_bytes FOLDER
# shellcheck disable=SC2034,SC2154

bench_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source_dir=$(cd "$bench_dir/../.." && pwd)
user=${ODR_USER:-postgres}
runs=${RUNS:-3}
export LC_ALL=C.UTF-8 TZ=UTC
quick=no keep=no ours_only=no peer_only=no restores=0
figures=()

fail() {
	echo "bench: $*" >&2
	exit 1
}

# Prints the head of the bench's own file.
usage() {
	sed -n '/^#   usage:/,/^#   FIGURE/s/^# \{0,3\}//p' "$0" >&2
	exit 2
}

# ---- where, and with what ----

bench_options() {
	while [ $# -gt 0 ]; do
		case $1 in
		--quick) quick=yes ;;
		--keep) keep=yes ;;
		--ours-only) ours_only=yes ;;
		--peer-only) peer_only=yes ;;
		-*) usage ;;
		*)
			case " ${all_figures[*]} " in *" $1 "*) figures+=("$1") ;; *) usage ;; esac
			;;
		esac
		shift
	done
	[ "${#figures[@]}" -gt 0 ] || figures=("${all_figures[@]}")
}

wants() {
	local figure
	for figure in "$@"; do
		case " ${figures[*]} " in *" $figure "*) return 0 ;; esac
	done
	return 1
}

# What a bench started itself is ended by its at_end.
at_end() { :; }

finish() {
	local status=$?
	trap - EXIT
	set +e
	if [ -e "$pgdata/postmaster.pid" ]; then
		as_user "$pg_bin/pg_ctl" -D "$pgdata" -w -m immediate stop > /dev/null
	fi
	at_end
	if [ "$keep" = yes ]; then
		echo "work folder kept: $work" >&2
	else
		rm -rf --one-file-system "$work"
	fi
	exit "$status"
}

build_tool() {
	local build=$source_dir/build/bench
	mkdir -p "$build"
	[ -x "$source_dir/configure" ] || (cd "$source_dir" && autoreconf -fi) > "$build/autoreconf.log" 2>&1 ||
		fail "autoreconf failed: $build/autoreconf.log"
	(cd "$build" && "$source_dir/configure" && make -j2 && make install prefix="$work/prog" sysconfdir="$work/prog/etc" \
		localstatedir="$work/prog/var" systemdsystemunitdir="$work/prog/lib/systemd/system") > "$build/make.log" 2>&1 ||
		fail "odrbackup cannot be built: $build/make.log"
}

# bench_begin [PACKAGE...]: the work folder, the helper programs, the tool.
bench_begin() {
	local program
	[ "$(id -u)" = 0 ] || fail "must be started by root: the server runs as $user"
	# shellcheck source=../lib/packages.sh
	. "$source_dir/tests/lib/packages.sh"
	packages_install "${packages_build[@]}" "${packages_postgres[@]}" "$@"
	work=$(mktemp -d "${TMPDIR:-/tmp}/odrbackup-bench.XXXXXX")
	chmod 0711 "$work"
	ours=$work/ours peer=$work/peer wal=$work/standin
	# shellcheck source=cluster.sh
	. "$bench_dir/cluster.sh"
	trap finish EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	mkdir -p "$work/bin" && : > "$work/samples"
	for program in measure archiver; do
		gcc -std=gnu17 -D_GNU_SOURCE -O2 -o "$work/bin/$program" "$bench_dir/$program.c"
	done
	tool=${ODR_PREFIX:-$work/prog}/bin/odrbackup
	if [ "$peer_only" = no ] && [ -z "${ODR_PREFIX:-}" ]; then
		build_tool
	fi
	cd /
}

make_cluster() {
	echo "bench: making the cluster" >&2
	cluster_create
	if wants "$@"; then
		cluster_make_wal
	fi
	cluster_start
	echo "bench: $(bytes_below "$pgdata") bytes in $(find "$pgdata" -type f | wc -l) files" >&2
}

# emptied FOLDER...: what was restored takes no room any more. Its inodes stay until the end: ext4 makes a new file by
# looking at each inode that was freed within the last six minutes.
emptied() {
	find "$@" -type f -size +0 -exec truncate -s 0 {} +
	sync
}

# in_turn OURS PEER
in_turn() {
	local run
	for ((run = 1; run <= runs; run++)); do
		echo "bench: $1, $2: pair $run of $runs" >&2
		[ "$peer_only" = yes ] || "$1"
		[ "$ours_only" = yes ] || "$2"
	done
	if compgen -G "$work/restored.*" > /dev/null; then
		emptied "$work"/restored.*
	fi
}

# ---- samples and figures ----

# measured COMMAND...: sets wall, cpu, memory (MiB) and server (CPU of the server) of a command run as the user.
measured() {
	local line=$work/measure.$BASHPID
	rm -f "$line"
	"$work/bin/measure" -p "$(cluster_pid)" -o "$line" -- \
		setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@" > "$work/last.log" 2>&1 || {
		tail -20 "$work/last.log" >&2
		fail "failed: $*"
	}
	read -r wall cpu memory server < "$line"
	memory=$((memory / 1024))
}

# sample NAME SIDE VALUE UNIT
sample() { printf '%s %s %s %s\n' "$@" >> "$work/samples"; }

calculate() { awk "BEGIN { printf \"%.4f\", ($1) }"; }
bytes_below() { find "$1" -type f -printf '%s\n' | awk '{ sum += $1 } END { printf "%.0f\n", sum }'; }

print_figures() {
	awk '
		function median(key,    n, list, i, j, swap) {
			n = split(values[key], list, " ")
			if (n == 0) return "-"
			for (i = 1; i <= n; i++)
				for (j = i + 1; j <= n; j++)
					if (list[j] + 0 < list[i] + 0) { swap = list[i]; list[i] = list[j]; list[j] = swap }
			return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
		}
		function shown(value) { return value == "-" ? value : sprintf(value >= 100 ? "%.0f" : "%.2f", value) }
		!($1 in unit) { unit[$1] = $4; order[++count] = $1 }
		{ values[$1, $2] = values[$1, $2] " " $3 }
		END {
			for (i = 1; i <= count; i++) {
				ours = median(order[i] SUBSEP "ours"); peer = median(order[i] SUBSEP "peer")
				ratio = ours == "-" || peer == "-" || peer == 0 ? "-" : sprintf("%.3f", ours / peer)
				print order[i], shown(ours), shown(peer), ratio, unit[order[i]]
			}
		}' "$work/samples"
}

# ---- conditions ----

fresh() {
	local dir
	for dir in "$@"; do
		rm -rf "$dir"
		install -d -o "$user" -g "$(id -g "$user")" -m 700 "$dir"
	done
}

warm() { find "$pgdata/base" -type f -print0 | xargs -0 cat > /dev/null && sync; }

looks_whole() {
	local there restored
	there=$(bytes_below "$pgdata/base")
	restored=$(bytes_below "$1/base")
	if [ ! -s "$1/global/pg_control" ] || [ $((restored * 100 / there)) -lt 98 ] || [ $((restored * 100 / there)) -gt 102 ]; then
		fail "what was restored is not the cluster: $restored bytes of $there"
	fi
}

# ---- how odrbackup is run: everything that depends on its command line ----

service=bench

# ours_conf DATA-DIRECTORY [LINE...]: the configuration of one service in $ours.
ours_conf() {
	local data=$1
	shift
	cat > "$ours/conf" <<-CONF
		[odrbackup]
		state=$ours/state
		spool=$ours/spool
		workers=2
		compress-level=1
		writer-bundle=$ours/bundle
		identity=$ours/identity
		$(printf '%s\n' "$@")
		[repository main]
		$(ours_repository)

		[service $service]
		repositories=main
		postgres=host=$pg_socket port=$PGPORT user=postgres dbname=postgres
		data-directory=$data
	CONF
}

# On stdout there are figures alone.
ours_run() { as_user "$tool" "$@" > /dev/null; }

ours_keys() {
	ours_run key new owner "$ours/owner" --service "$service" --unprotected
	ours_run key new identity "$ours/identity" --owner "$ours/owner" --unprotected
	ours_run key endorse "$ours/bundle" --owner "$ours/owner" --role writer --recipient "$ours/identity.pub"
}

ours_init() { ours_run -c "$ours/conf" init "$service" --single-recipient; }
ours_push_command() { echo "$tool -c $ours/conf archive-push --service $service %p"; }
ours_get_command() { echo "$tool -c $ours/conf archive-get --service $service %f %p"; }
ours_backup=(backup bench --quiet)
ours_restore=(restore bench --quiet --pgdata)

# Lines of [odrbackup] with which get fetches one segment at a time, and push leaves further .ready segments alone.
ours_alone=("archive-push-batch=0" "archive-get-batch=0")

# ---- how pgbackrest is run ----

# peer_conf DATA-DIRECTORY [LINE...]
peer_conf() {
	local data=$1
	shift
	cat > "$peer/conf" <<-CONF
		[global]
		$(peer_repository)
		repo1-cipher-type=aes-256-cbc
		repo1-cipher-pass=correct-horse-battery-staple
		repo1-bundle=y
		repo1-retention-full=9
		compress-type=zst
		compress-level=1
		process-max=2
		start-fast=y
		archive-check=y
		log-level-console=warn
		log-level-file=off
		log-path=$peer/log
		lock-path=$peer/lock
		spool-path=$peer/spool
		$(printf '%s\n' "$@")
		[bench]
		pg1-path=$data
		pg1-port=$PGPORT
		pg1-socket-path=$pg_socket
		pg1-user=postgres
	CONF
}

peer_run() { as_user pgbackrest --config="$peer/conf" --stanza=bench "$@"; }
peer_push_command() { echo "pgbackrest --config=$peer/conf --stanza=bench archive-push %p"; }
peer_get_command() { echo "pgbackrest --config=$peer/conf --stanza=bench archive-get %f %p"; }
peer_async=(archive-async=y archive-get-queue-max=256MiB)

# ---- backup and restore ----

backup_samples() {
	sample backup-cpu "$1" "$cpu" s
	sample backup-wall "$1" "$wall" s
	sample repo-bytes "$1" "$(calculate "$(repository_bytes "$work/$1") / 1e6")" MB
	sample info-backup-memory "$1" "$memory" MiB
	sample info-backup-server-cpu "$1" "$server" s
}

# A directory for what is restored next.
next_target() {
	restores=$((restores + 1))
	target=$work/restored.$restores
	fresh "$target"
}

# restored SIDE COMMAND...: into $target; what is restored is not durable before it is synced.
restored() {
	local side=$1 restore
	shift
	sync
	measured "$@"
	sample info-restore-cpu "$side" "$cpu" s
	sample info-restore-memory "$side" "$memory" MiB
	restore=$wall
	measured sync -f "$target"
	sample restore-wall "$side" "$(calculate "$restore + $wall")" s
	sample info-restore-sync "$side" "$wall" s
	looks_whole "$target"
}

# The conditions: a new repository, the server archiving to it, the data in the page cache, nothing left to write back.
backup_ours() {
	fresh "$ours" "$ours/state" "$ours/spool"
	new_repository "$ours"
	ours_conf "$pgdata"
	ours_keys && ours_init
	cluster_archive_by "$(ours_push_command)"
	warm
	measured "$tool" -c "$ours/conf" "${ours_backup[@]}"
	backup_samples ours
	if wants restore; then
		next_target
		restored ours "$tool" -c "$ours/conf" "${ours_restore[@]}" "$target"
	fi
}

backup_peer() {
	fresh "$peer" "$peer/log" "$peer/lock" "$peer/spool"
	new_repository "$peer"
	peer_conf "$pgdata"
	peer_run stanza-create
	cluster_archive_by "$(peer_push_command)"
	warm
	measured pgbackrest --config="$peer/conf" --stanza=bench --type=full backup
	backup_samples peer
	if wants restore; then
		next_target
		restored peer pgbackrest --config="$peer/conf" --stanza=bench --pg1-path="$target" restore
	fi
}

# ---- WAL, without the server: a stand-in data directory with its pg_control and genuine segments ----

wal_directory() {
	local data=$1
	fresh "$data" "$data/global" "$data/pg_wal" "$data/pg_wal/archive_status"
	cp "$pgdata/PG_VERSION" "$data/"
	cp "$pgdata/global/pg_control" "$data/global/"
	cp "$work"/wal/* "$data/pg_wal/"
	chown -R "$user:" "$data"
	sync
}

wal_names() { find "$work/wal" -type f -printf '%f\n' | sort; }

# wal_measured MODE COMMAND: in the data directory $wal, as the server would.
wal_measured() {
	local names
	mapfile -t names < <(wal_names)
	measured env -C "$wal" "$work/bin/archiver" "$1" "$2" "${names[@]}"
	wall=$(calculate "$wall * 1000 / ${#names[@]}")
	cpu=$(calculate "$cpu * 1000 / ${#names[@]}")
}

wal_samples() {
	sample "$1" "$2" "$wall" ms/segment
	sample "info-${1#info-}-cpu" "$2" "$cpu" ms/segment
	sample "info-${1#info-}-memory" "$2" "$memory" MiB
}

wal_ours_begin() {
	fresh "$ours" "$ours/state" "$ours/spool"
	new_repository "$ours"
	wal_directory "$wal"
	ours_conf "$wal" "$@"
	ours_keys && ours_init
	sync
}

wal_peer_begin() {
	fresh "$peer" "$peer/log" "$peer/lock" "$peer/spool"
	new_repository "$peer"
	wal_directory "$wal"
	peer_conf "$wal" "$@"
	peer_run --no-online stanza-create
	sync
}

# pg_wal as it is on a new host: nothing there.
wal_forget() {
	rm -f "$wal"/pg_wal/0* "$wal"/pg_wal/archive_status/*
	sync
}

wal_ours() {
	wal_ours_begin "${ours_alone[@]}"
	wal_measured push "$(ours_push_command)"
	wal_samples push-sync ours
	if wants get-sync; then
		wal_forget
		wal_measured get "$(ours_get_command)"
		wal_samples get-sync ours
	fi
	if wants push-batch get-prefetch; then
		wal_ours_begin
		wal_measured push-ready "$(ours_push_command)"
		wal_samples push-batch ours
	fi
	if wants get-prefetch; then
		wal_forget
		wal_measured get "$(ours_get_command)"
		wal_samples info-get-prefetch ours
	fi
}

wal_peer() {
	wal_peer_begin
	wal_measured push "$(peer_push_command)"
	wal_samples push-sync peer
	if wants get-sync; then
		wal_forget
		wal_measured get "$(peer_get_command)"
		wal_samples get-sync peer
	fi
	if wants push-batch get-prefetch; then
		wal_peer_begin "${peer_async[@]}"
		wal_measured push-ready "$(peer_push_command)"
		wal_samples push-batch peer
	fi
	if wants get-prefetch; then
		wal_forget
		wal_measured get "$(peer_get_command)"
		wal_samples info-get-prefetch peer
	fi
}
