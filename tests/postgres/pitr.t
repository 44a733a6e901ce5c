#!/usr/bin/perl
# Any moment between the first set and the end of the archive can be reached, exactly; what cannot be reached is said
# before anything is touched; and along forked timelines recovery goes where it is told to.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep);

use Odr::Rows;
use Odr::Site;
use Odr::Work;

my $site = Odr::Site->new(version => 15)->create;
my $source = $site->cluster;
my $rows = Odr::Rows->new($source)->start;
my $number = 0;

sub set_of { return ($_[0]->out =~ /^Set (\S+):/m)[0] }

# Everything below a folder with size and time, to see that nothing was touched.
sub state_of { return run_program(['find', $_[0], '-printf', '%p %s %T@ %m\n'])->out }

sub reaches {
	my ($ord, $name, @arguments) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $dir = 'copy' . ++$number;
	my $copy = $site->recover($dir, @arguments);
	$rows->ok_exactly($copy, $ord, $name);
	$copy->stop('immediate');
	run_program(['rm', '-rf', $site->path($dir)]);
}

# Starts what was restored and expects that the server refuses to open.
sub stays_closed {
	my ($message, $name, @arguments) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $dir = 'copy' . ++$number;
	my $copy = $source->copy_at($dir, $site->restore($dir, @arguments));
	$copy->try_start(60);
	$copy->wait_ended(60);
	ok($copy->log_has($message), $name) or diag $copy->log_tail;
	ok(!$copy->log_has(qr/selected new timeline|archive recovery complete/), 'and it was not promoted');
}

sub refused {
	my ($status, $message, $name, @arguments) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $pgdata = $site->path('refused');
	$site->tool_fails([$site->restore_arguments($pgdata, @arguments)], $status, $message, $name);
	ok(!-e $pgdata, 'and nothing was touched');
	my $plan = $site->tool('restore', $site->service, '--plan', @arguments);
	is($plan->status, $status, '--plan says the same');
}

$rows->wait_for(10);
my $too_early = $rows->moment('too-early');
sleep 0.1;
my $set1 = set_of($site->backup('the first set'));
$rows->wait_for(30);
my $early = $rows->moment('early');
$rows->wait_for(30);
my $middle = $rows->moment;
$rows->wait_for(10);
my $set2 = set_of($site->backup('the second set'));
$rows->wait_for(30);
my $late = $rows->moment('late');
$rows->wait_for(30);

# The record of a commit begins at a known position, and has a known time.
$rows->{load}->stop;
my ($xid, $from) = split /\|/, $source->psql(<<'SQL', 'rows');
BEGIN;
SELECT pg_current_xact_id(), pg_current_wal_insert_lsn();
INSERT INTO odr_row SELECT nextval('odr_order'), pg_current_xact_id(), 99, clock_timestamp(), false, 'the one';
COMMIT;
SQL
my $one = $source->psql("SELECT ord FROM odr_row WHERE client = 99", 'rows');
my $before_one = $source->psql("SELECT max(ord) FROM odr_row WHERE ord < $one", 'rows');
my $commit_time = $source->psql(
	"SELECT to_char(pg_xact_commit_timestamp('$xid'::xid) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00'");
my $dump = run_program([$source->tool_path('pg_waldump'), '-p', $source->pgdata . '/pg_wal', '-s', $from, '-x', $xid,
		'-r', 'Transaction'], cwd => '/');
my ($commit_lsn) = $dump->out =~ m{lsn: ([0-9A-F]+/[0-9A-F]+), prev \S+ desc: COMMIT} or die $dump->out . $dump->err;

$rows->start->wait_for(30);
$rows->stop;
$source->archive_now;
my $repository = state_of($site->repository);

subtest 'exactly the rows committed before the target' => sub {
	reaches($early->{ord}, 'time, from the first set', '--type', 'time', '--target', $early->{time});
	reaches($late->{ord}, 'time, from the second set', '--type', 'time', '--target', $late->{time} =~ s/ /T/r =~ s/\+00$/Z/r);
	reaches($middle->{ord}, 'LSN', '--type', 'lsn', '--target', $middle->{lsn}, '--target-exclusive');
	reaches($late->{ord}, 'name', '--type', 'name', '--target', 'late');
	reaches($early->{ord}, 'name in the WAL of an older set', '--type', 'name', '--target', 'early', '--set', $set1);
	reaches($late->{ord}, 'the second half from the older set', '--type', 'time', '--target', $late->{time}, '--set', 'oldest');
	reaches($late->{ord}, 'transaction', '--type', 'xid', '--target', $late->{xid});
	reaches($rows->last_ord, 'the end of the archive');
	reaches($rows->last_ord, 'the end of the archive, from the first set', '--set', $set1);
	reaches($late->{ord}, 'and opened there, when told to', '--type', 'time', '--target', $late->{time}, '--target-action', 'promote');
	is(state_of($site->repository), $repository, 'the repository was only read');
};

subtest 'a commit at the target is in, with --target-exclusive it is not' => sub {
	for my $target (['time', $commit_time], ['lsn', $commit_lsn], ['xid', $xid]) {
		my ($type, $value) = @$target;
		reaches($one, "$type: in", '--type', $type, '--target', $value);
		reaches($before_one, "$type: not in", '--type', $type, '--target', $value, '--target-exclusive');
	}
};

subtest 'what the server does at the target' => sub {
	my $copy = $source->copy_at('shutdown', $site->restore('shutdown', '--type', 'time', '--target', $late->{time},
			'--target-action', 'shutdown'));
	$copy->try_start(60);
	$copy->wait_ended(60);
	ok($copy->log_has(qr/shutdown at recovery target/), 'shutdown');
	ok(!$copy->log_has(qr/selected new timeline/), 'is not opened');

	my $standby = $site->recover('standby', '--type', 'standby');
	$standby->poll_query("SELECT max(ord) FROM odr_row", $rows->last_ord, 60, 'rows');
	is($standby->psql('SELECT pg_is_in_recovery()'), 't', 'a standby follows the archive and stays one');
	$standby->stop('immediate');

	my $first = $source->psql("SELECT '$early->{lsn}'::pg_lsn");
	my $paused = $site->recover('paused', '--type', 'lsn', '--target', $first, '--target-exclusive');
	is($paused->lsn, $first, 'a pause is exactly at the position');
	$paused->stop('immediate');
};

# PostgreSQL stops at a transaction that ended later: where none did it would end with an error, after all was restored.
subtest 'a moment after the last commit' => sub {
	my $last = $site->json($site->restore_arguments($site->path('none'), '--plan'))->{last_commit};
	refused(7, qr/cannot stop at \Q$last\E: .* the last one in the archive ended \Q$last\E; leave out --type and --target/,
		'is refused', '--type', 'time', '--target', $last);
	my $copy = $site->recover('last', '--type', 'time', '--target', $last, '--target-exclusive');
	pass('just before it is none such');
	$copy->stop('immediate');
};

subtest 'targets out of reach are refused, with what can be reached' => sub {
	refused(7, qr/no set ends before \d{4}.*: the first moment that can be reached is \d{4}-.*, at [0-9A-F]+\/[0-9A-F]+/,
		'a time before the first set', '--type', 'time', '--target', $too_early->{time});
	refused(7, qr/no set ends before 0\/1000000: the first moment/, 'an LSN before the first set', '--type', 'lsn', '--target', '0/1000000');
	refused(7, qr/no set ends before transaction 3: /, 'a transaction before the first set', '--type', 'xid', '--target', '3');
	refused(7, qr/lies behind the last moment that can be reached: the archived WAL ends at [0-9A-F]+\/[0-9A-F]+, stored \d{4}-/,
		'a time after the last WAL', '--type', 'time', '--target', '2199-01-01 00:00:00Z');
	refused(7, qr/FF\/0 lies behind the last moment/, 'an LSN after the last WAL', '--type', 'lsn', '--target', 'FF/0');
	refused(7, qr/set \Q$set2\E ends after the target/, 'a set that ends after the target',
		'--type', 'time', '--target', $early->{time}, '--set', $set2);
	refused(7, qr/there is no set 20200101T000000Z-0badcafe/, 'a set that is not there', '--set', '20200101T000000Z-0badcafe');
	refused(2, qr/'newest-ish' is not a set id/, 'what is no set id', '--set', 'newest-ish');
	refused(2, qr/zone/, 'a time without zone', '--type', 'time', '--target', '2026-11-21 14:30:00');
	refused(2, qr/'yesterday'/, 'what is no time', '--type', 'time', '--target', 'yesterday');
	refused(2, qr/'7'|LSN|position/, 'what is no LSN', '--type', 'lsn', '--target', '7');
	refused(2, qr/'x7' is not a transaction id/, 'what is no transaction', '--type', 'xid', '--target', 'x7');
	refused(2, qr/1 to 63 bytes/, 'a name that is too long', '--type', 'name', '--target', 'n' x 64);
	refused(2, qr/--type time needs --target/, 'a type without target', '--type', 'time');
	refused(2, qr/--target needs --type/, 'a target without type', '--target', 'late');
	refused(2, qr/cannot be 'tomorrow'/, 'an unknown type', '--type', 'tomorrow');
	stays_closed(qr/recovery ended before configured recovery target was reached/, 'a name that the WAL does not have: the server stays closed',
		'--type', 'name', '--target', 'never');
	my $beyond = $source->psql('SELECT pg_current_xact_id()') + 1000;
	stays_closed(qr/recovery ended before configured recovery target was reached/, 'a transaction yet to come: the server stays closed',
		'--type', 'xid', '--target', $beyond);
};

subtest 'the plan alone: printed, and nothing is touched' => sub {
	my $pgdata = $site->path('planned');
	my $plan = $site->tool_ok([$site->restore_arguments($pgdata, '--plan', '--type', 'time', '--target', $late->{time})], '--plan');
	ok(!-e $pgdata, 'the folder is not made');
	is(state_of($site->repository), $repository, 'the repository is as it was');
	like($plan->out, qr/^set +\Q$set2\E, full, ended \S+.*PostgreSQL 15, from repository main$/m, 'names the set');
	like($plan->out, qr/^point +up to \d{4}-\d\d-\d\d/m, 'the point');
	like($plan->out, qr/^WAL +\S+ to \S+ on timeline 1: \d+ segments, [0-9A-F]{24} to [0-9A-F]{24}$/m, 'the WAL');
	like($plan->out, qr/^gaps +none$/m, 'gaps');
	like($plan->out, qr/^content +.+ in \d+ files into \Q$pgdata\E$/m, 'how much, and where to');
	like($plan->out, qr/^estimated time +.+/m, 'how long');
	unlike($plan->out, qr/^expected loss/m, 'no loss is expected at a target');
	like($site->tool_ok(['restore', '--plan'], 'without service and folder')->out, qr/^expected loss +at most /m, 'the end of the archive has one');

	my $document = $site->json('restore', $site->service, '--plan', '--type', 'lsn', '--target', $middle->{lsn});
	is($document->{set}, $set1, 'JSON: the set');
	is($document->{type}, 'lsn', 'the type');
	is($document->{missing_segment}, undef, 'no gap');
	is($document->{timeline}, 1, 'the timeline');
	cmp_ok($document->{bytes}, '>', 1e6, 'bytes');
	ok(exists $document->{$_}, $_) for qw(schema_version repository point set_stopped wal_start wal_end first_segment last_segment
		segments files expected_loss_us estimated_us damaged_files notes warnings);
};

subtest 'a gap in the WAL' => sub {
	my $segment = $source->psql("SELECT pg_walfile_name('$middle->{lsn}')");
	my $next = $source->psql("SELECT pg_walfile_name('$late->{lsn}')");
	isnt($segment, $next, 'the moments lie in different segments');
	my $away = $site->path('away');
	my $take_away = sub {
		my ($object, $more) = glob $site->repository . "/*/wal/*/$_[0]-*";
		ok(defined $object && !defined $more, 'the segment is in the repository');
		rename $object, $away or die;
		return sub { rename $away, $object or die };
	};
	my $bring_back = $take_away->($segment);

	my $missing = qr/$segment/;
	refused(7, $missing, 'a target behind the gap, from the set before it: the segment is named',
		'--type', 'time', '--target', $late->{time}, '--set', $set1);
	refused(7, $missing, 'the same by LSN', '--type', 'lsn', '--target', $late->{lsn}, '--set', $set1);
	reaches($late->{ord}, 'the set behind the gap reaches it', '--type', 'time', '--target', $late->{time});
	my $plan = $site->tool_ok(['restore', '--plan', '--set', $set1], 'the plan for the end of the archive from before the gap');
	like($plan->out, qr/^gap +segment $segment is missing$/m, 'names the segment');
	like($plan->out, qr/^warning +WAL segment $segment is missing.*cannot go beyond/m, 'and warns of what it means');
	is($site->json('restore', '--plan', '--set', $set1)->{missing_segment}, $segment, 'in JSON, too');
	$bring_back->();

	# Without its own WAL a set is worth nothing: it is passed over.
	$bring_back = $take_away->($site->json('restore', '--plan', '--set', $set2)->{first_segment});
	refused(7, qr/set \Q$set2\E cannot be used: of its WAL/, 'a set whose own WAL is missing cannot be asked for', '--set', $set2);
	$plan = $site->json('restore', '--plan');
	is($plan->{set}, $set1, 'and the one before it is taken');
	like("@{ $plan->{notes} }", qr/set \Q$set2\E cannot be used/, 'which is said');
	$bring_back->();
	is($site->json('restore', '--plan')->{set}, $set2, 'all is back');
};

subtest 'forked timelines' => sub {
	# Production is brought back to an earlier moment and goes on from there: timeline 2.
	$source->stop;
	my $dir = $site->restore('production', '--type', 'lsn', '--target', $late->{lsn}, '--target-exclusive', '--target-action', 'promote');
	my $second = $source->copy_at('production', $dir, overrides => { archive_mode => 'on' });
	$second->start->wait_promoted;
	my $start = $second->psql("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00'");
	$second->psql(<<'SQL', 'rows');
CREATE TABLE odr_second (n int PRIMARY KEY);
INSERT INTO odr_second SELECT generate_series(1, 100);
SQL
	$second->archive_now;
	$site->write_conf('service erp-prod' => { postgres => $second->conninfo });
	my $old_way = $site->json('restore', '--plan', '--set', $set2);
	is($old_way->{timeline}, 2, 'a set of timeline 1 is followed along timeline 2 by default');

	my $set3 = set_of($site->backup('a set on timeline 2'));
	sleep 0.05;
	my $between = $second->psql("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00'");
	sleep 0.05;
	$second->psql('INSERT INTO odr_second SELECT generate_series(101, 150)', 'rows');
	$second->archive_now;
	$second->stop;

	my $goes = sub {
		my ($ord, $second_rows, $name, @arguments) = @_;
		my $copy = $site->recover('fork' . ++$number, @arguments);
		$rows->ok_exactly($copy, $ord, "$name: the rows of timeline 1");
		is($copy->psql("SELECT coalesce(sum(n - n + 1), 0) FROM odr_second", 'rows'), $second_rows, "$name: the rows of timeline 2")
		  if $second_rows;
		is($copy->psql("SELECT to_regclass('odr_second') IS NULL", 'rows'), 't', "$name: nothing of timeline 2") if !$second_rows;
		$copy->stop('immediate');
	};
	$goes->($late->{ord}, 150, 'the end', ());
	$goes->($late->{ord}, 150, 'the end of timeline 2, from a set of timeline 1', '--set', $set2);
	$goes->($late->{ord}, 150, 'the end of timeline 2 by number', '--target-timeline', '2');
	$goes->($late->{ord}, 100, 'a moment on timeline 2', '--type', 'time', '--target', $between);
	$goes->($rows->last_ord, 0, 'the end of timeline 1', '--target-timeline', '1');
	$goes->($rows->last_ord, 0, 'the timeline of the set', '--target-timeline', 'current', '--set', $set2);
	$goes->($middle->{ord}, 0, 'before the fork', '--type', 'lsn', '--target', $middle->{lsn}, '--target-exclusive');

	my $plan = $site->json('restore', '--plan', '--set', $set2);
	like("@{ $plan->{notes} }", qr/timeline 1 has WAL too; recovery follows timeline 2.*--target-timeline 1/, 'the other branch is pointed out');
	refused(7, qr/no history file of timeline 9/, 'a timeline that is not there', '--target-timeline', '9');
	refused(7, qr/timeline/, 'a set that does not lie on the way', '--target-timeline', '1', '--set', $set3);
	refused(2, qr/decimal/, 'a timeline is given in decimal', '--target-timeline', '0x2');
};

done_testing;
