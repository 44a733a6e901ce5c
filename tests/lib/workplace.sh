# shellcheck shell=bash
# Where tests/run and contrib/quickstart work: build/ below the checkout, and one folder odrbackup.XXXXXX below $TMPDIR
# for data, sockets and an installed copy of the program, which goes at the end with every process that was left.
# Sourced; source_dir is the checkout, keep (yes, no) says whether the folder stays.

# shellcheck disable=SC2154
build=$source_dir/build
work=

fail() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# The processes of this run, by what none other has: their environment names the work folder, or they live in it.
processes_of_work() {
	local proc pid
	for proc in /proc/[0-9]*; do
		pid=${proc#/proc/}
		case $pid in "$$" | "$BASHPID") continue ;; esac
		case "$(readlink "$proc/cwd" 2>/dev/null)/:$(readlink "$proc/exe" 2>/dev/null)" in
		"$work"/* | *":$work"/*) echo "$pid" ;;
		*) ! grep -qzxF -e "ODR_WORK=$work" -e "ODR_WORK=$work/m" "$proc/environ" 2>/dev/null || echo "$pid" ;;
		esac
	done
}

names_of() {
	ps -o pid=,comm= -p "$(IFS=,; echo "$*")" | tr -s ' \n' ' '
}

# A postmaster ends its children when told SIGQUIT; what is left after a while is killed.
stop_processes() {
	local pids tries
	for tries in 1 2 3 4 5 6 7 8 9 10; do
		mapfile -t pids < <(processes_of_work)
		[ "${#pids[@]}" -gt 0 ] || return 0
		[ "$tries" != 1 ] || echo "${0##*/}: ending processes that were left: $(names_of "${pids[@]}")" >&2
		case $tries in
		1) kill -CONT "${pids[@]}" 2>/dev/null; kill -QUIT "${pids[@]}" 2>/dev/null ;;
		[2-5]) kill -TERM "${pids[@]}" 2>/dev/null ;;
		*) kill -KILL "${pids[@]}" 2>/dev/null ;;
		esac
		sleep 0.3
	done
}

finish() {
	local status=$?
	trap - EXIT
	set +e
	stop_processes
	if [ "$keep" = yes ]; then
		echo "work folder kept: $work"
	else
		! mountpoint -q "$work/m" || umount -l "$work/m"
		rm -rf --one-file-system "$work"
	fi
	exit "$status"
}

make_work_folder() {
	work=$(mktemp -d "${TMPDIR:-/tmp}/odrbackup.XXXXXX")
	trap finish EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	chmod 0711 "$work"
	export ODR_WORK=$work ODR_SRC=$source_dir ODR_PREFIX=$work/prog ODR_USER=nobody LC_ALL=C.UTF-8 TZ=UTC
	! id postgres >/dev/null 2>&1 || ODR_USER=postgres
	setpriv --reuid "$ODR_USER" --regid "$(id -g "$ODR_USER")" --clear-groups test -x "$work" ||
		fail "user $ODR_USER cannot enter $work: set TMPDIR to a folder that everyone may enter"
}

# Output of configure and make is shown when they fail.
quietly() {
	local log=$1
	shift
	if ! "$@" >"$log" 2>&1; then
		tail -n 60 "$log" >&2
		fail "failed: $* (all of it in $log)"
	fi
}

# configured NAME OPTION...: build/NAME holds a build configured so.
configured() {
	local dir=$build/$1 options
	shift
	options="$(cksum "$source_dir/configure") $*"
	mkdir -p "$dir"
	if [ ! -e "$dir/Makefile" ] || [ "$(cat "$dir/.options" 2>/dev/null)" != "$options" ]; then
		(cd "$dir" && quietly configure.log "$source_dir/configure" "$@") || exit 1
		echo "$options" >"$dir/.options"
	fi
}

# made NAME TARGET...
made() {
	local dir=$build/$1
	shift
	echo "building: ${dir#"$source_dir"/} $*"
	quietly "$dir/make.log" make -j2 -C "$dir" "$@"
}

# A tarball brings configure; a checkout makes it, and again when what it is made of has changed.
prepare_configure() {
	local newest
	newest=$(find "$source_dir/configure.ac" "$source_dir/Makefile.am" "$source_dir/m4" "$source_dir"/*/local.mk \
		"$source_dir"/*/*/local.mk -newer "$source_dir/configure" -print -quit 2>/dev/null || true)
	if [ ! -e "$source_dir/configure" ] || [ ! -e "$source_dir/Makefile.in" ] || [ -n "$newest" ]; then
		(cd "$source_dir" && quietly "$build/autoreconf.log" autoreconf -fi) || exit 1
		touch "$source_dir/configure"
	fi
}

installed() {
	local name=$1 prefix=$2
	quietly "$build/$name/install.log" make -C "$build/$name" install prefix="$prefix" \
		systemdsystemunitdir="$prefix/lib/systemd/system" sysconfdir="$prefix/etc" localstatedir="$prefix/var"
}

# A folder in memory, for tests that make and remove thousands of files over and over: prints it, or the work folder itself where
# memory is short or nothing can be mounted. It holds what a kill leaves just as a disk does.
folder_in_memory() {
	local gigabytes
	gigabytes=$(awk '$1 == "MemAvailable:" { print int($2 / 1048576) }' /proc/meminfo)
	if [ "$gigabytes" -ge 12 ] && mkdir -p "$work/m" &&
		{ mountpoint -q "$work/m" || mount -t tmpfs -o size=6g,mode=0711 tmpfs "$work/m" 2>/dev/null; }; then
		echo "$work/m"
	else
		echo "$work"
	fi
}
