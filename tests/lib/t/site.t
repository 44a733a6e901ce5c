#!/usr/bin/perl
# Odr::Site with a stand-in for odrbackup that copies files: the way from a new site to rows at a target is right.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use Test::More;

use Odr::Rows;
use Odr::Site;
use Odr::Work;

my $prefix = new_dir(work_path('prefix'), 0755);
new_dir("$prefix/bin", 0755);
write_file("$prefix/bin/odrbackup", <<'SH', 0755);
#!/bin/bash
set -eu
if [ "$1" = -c ]; then conf=$2; shift 2; fi
setting() { sed -n "s/^$1=//p" "$conf"; }
command=$1; shift
case $command in
key)
	case $1/$2 in
	new/identity) touch "$3" "$3.pub" ;;
	new/*) touch "$3" ;;
	*) touch "$2" ;;
	esac
	;;
init) mkdir -p "$(setting path)/wal" ;;
archive-push)
	[ "$1" = --service ]
	cp "$3" "$(setting path)/wal/new" && mv "$(setting path)/wal/new" "$(setting path)/wal/${3##*/}"
	;;
archive-get) cp "$(setting path)/wal/$3" "$4" ;;
backup) /usr/lib/postgresql/15/bin/pg_basebackup -d "$(setting postgres)" -D "$(setting path)/set$RANDOM" -X none -c fast ;;
list)
	ls "$(setting path)" | sed -n 's/^set.*/{"set": "&"}/p' | paste -s -d , | sed 's/.*/{"sets": [&]}/'
	;;
restore)
	service=$1; shift
	set=$(ls "$(setting path)" | grep ^set | head -1) name='' target='' action=pause
	while [ $# -gt 0 ]; do
		case $1 in
		--pgdata) pgdata=$2 ;;
		--set) set=$2 ;;
		--type) case $2 in immediate) name=recovery_target target=immediate ;; *) name=recovery_target_$2 ;; esac ;;
		--target) target=$2 ;;
		--target-action) action=$2 ;;
		*) echo "odrbackup: there is no option '$1'" >&2; exit 2 ;;
		esac
		shift 2
	done
	cp -a "$(setting path)/$set" "$pgdata"
	touch "$pgdata/recovery.signal"
	{
		echo "restore_command = '$0 -c $conf archive-get --service $service %f %p'"
		[ -z "$name" ] || printf "%s = '%s'\nrecovery_target_action = '%s'\n" "$name" "$target" "$action"
	} >> "$pgdata/postgresql.auto.conf"
	;;
esac
SH
$ENV{ODR_PREFIX} = $prefix;

my $site = Odr::Site->new(version => 15)->create;
my $rows = Odr::Rows->new($site->cluster)->start;
$site->backup('a backup under load');
$rows->wait_for(20);
my $moment = $rows->moment('here');
$rows->wait_for(20)->stop;
$site->cluster->archive_now;
is(scalar $site->set_ids, 1, 'one set is listed');

for my $target (['time', $moment->{time}], ['lsn', $moment->{lsn}], ['xid', $moment->{xid}], ['name', 'here']) {
	my ($type, $value) = @$target;
	my $copy = $site->recover("to-$type", '--type', $type, '--target', $value);
	$rows->ok_exactly($copy, $moment->{ord}, "restored to $type: exactly the rows committed before");
	$copy->stop('immediate');
}
my $copy = $site->recover('latest');
$rows->ok_exactly($copy, $rows->last_ord, 'restored to the end');
$copy->stop('immediate');
$site->tool_fails(['restore', 'erp-prod', '--nope', 'x'], 2, "there is no option '--nope'");
is($site->ok_all_sets_restore, 1, 'all sets restore');

done_testing;
