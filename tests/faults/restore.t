#!/usr/bin/perl
# A restore that fails or dies anywhere leaves nothing that a server starts on; the same command again completes it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Faults;
use Odr::Tool;
use Odr::Work;

my $site = small_site();
my $cluster = $site->cluster;
my $verifier = $cluster->tool_path('pg_verifybackup');
$site->backup('a backup');
my $target = $site->path('target');
my $control = "$target/global/pg_control";
my %tried;
my $starts = 0;

sub restore_to {
	my ($dir, $option, @more) = @_;
	return $site->tool($site->restore_arguments($dir, '--type', 'immediate', '--target-action', 'promote',
			'--delta', '--confirm', $site->service, @more), $option // {});
}

sub remove { run_program(['rm', '-rf', $_[0]], user => 'root') }

# What makes one half-done restore different from another, for a server that is started on it.
sub class_of {
	my ($dir) = @_;
	return join ' ', map { -e "$dir/$_" ? $_ : () } qw(PG_VERSION postgresql.conf global base/1 backup_label recovery.signal
		global/pg_control.odrbackup .odrbackup-restore);
}

sub ok_does_not_start {
	my ($dir, $name) = @_;
	my $class = class_of($dir);
	return if !-d $dir || $tried{$class}++;
	my $copy = $cluster->copy_at('half-' . ++$starts, $dir);
	ok(!$copy->try_start(10), "$name: no server starts ($class)");
	$copy->stop_hard;
}

# After a fault: not startable unless the restore was told to be done; the same command completes it.
sub after {
	my ($name, $result, $allowed) = @_;
	ok($result->died_of || untold($result) || grep({ $result->status == $_ } @$allowed), "$name: status is one of @$allowed")
	  or diag $result->describe;
	ok($result->ok || $result->died_of || planted($result), "$name: the fault is named") or diag $result->describe;
	# Renamed in, it is complete, whether or not the program lived to say so.
	if (!-e $control) {
		ok(!$result->ok, "$name: without pg_control it does not say it was done");
		ok_does_not_start($target, $name);
		return 'half';
	}
	my $verify = $cluster->pg_verifybackup($target, '--ignore=.odrbackup-restore', '--ignore=postgresql.auto.conf',
		'--ignore=recovery.signal');
	ok($verify->ok, "$name: with pg_control all of it is there") or diag $verify->out . $verify->err;
	return 'whole';
}

sub sweep {
	my ($point, $action, $allowed, %option) = @_;
	my $before = delete $option{before} // sub { remove($target) };
	my $again = delete $option{again} // 1;
	return fault_sweep('restore', point => $point, action => $action, before => $before, most => 100000,
		run => sub { restore_to($target, $_[0], '--verify-with', $verifier) },
		check => sub {
			my ($k, $result) = @_;
			my $name = "$action at $point $k";
			after($name, $result, $allowed);
			return if !$again;
			my $second = restore_to($target, {}, '--verify-with', $verifier);
			ok($second->ok && -e $control, "$name: the same command again completes it") or diag $second->describe;
			ok(!-e "$target/.odrbackup-restore" && !-e "$control.odrbackup", "$name: nothing of the restore is left behind");
		}, %option);
}

sub ok_starts {
	my ($name) = @_;
	my $copy = $cluster->copy_at('whole-' . ++$starts, $target)->start(60)->wait_promoted(60);
	is($copy->psql('SELECT count(*), bool_and(md5(n::text) = text) FROM witness'), '5000|t', "$name: it starts, and the rows are right");
	return $copy;
}

subtest 'into a new folder' => sub {
	is(sweep('step', 'kill', []), 4, 'a restore has four steps');
	sweep('step', 'fail', [1]);
	sweep('store.get', 'fail', [1], stride => every(3));
	sweep('store.get', 'kill', [], stride => every(4));
	sweep('store.list', 'fail', [1]);
	sweep('file.write', 'fail', [1], stride => every(400));
	sweep('file.write', 'nospace', [14], stride => every(450), first => every(20));
	sweep('file.write', 'kill', [], stride => every(300));
	sweep('file.fsync', 'fail', [1], stride => every(2));
	sweep('file.fsync', 'kill', []);
	sweep('file.rename', 'fail', [1]);
	sweep('file.rename', 'kill', []);
	ok_starts('after all of them')->stop('immediate');
};

# An existing data directory is taken out of service first, and stays so until all of it is in place.
subtest 'over a data directory' => sub {
	my $old = sub {
		remove($target);
		restore_to($target)->ok or die 'cannot restore';
		# Something that the set does not have, and something that differs.
		write_file("$target/base/1/stale", 'x' x 100, 0600);
		write_file("$target/PG_VERSION", "14\n", 0600);
	};
	for my $point (qw(step file.fsync file.rename)) {
		fault_sweep('restore over', point => $point, action => 'kill', before => $old,
			run => sub { restore_to($target, $_[0]) },
			check => sub {
				my ($k) = @_;
				my $name = "over a data directory: kill at $point $k";
				if (-e "$target/base/1/stale" && -e $control) {
					is(read_file("$target/PG_VERSION"), "14\n", "$name: untouched yet");
				} elsif (-e $control) {
					ok(!-e "$target/base/1/stale" && read_file("$target/PG_VERSION") eq "15\n", "$name: all of it is done");
				} else {
					ok_does_not_start($target, $name);
				}
				my $second = restore_to($target, {}, '--verify-with', $verifier);
				ok($second->ok && !-e "$target/base/1/stale", "$name: the same command again completes it") or diag $second->describe;
			});
	}
	ok_starts('after all of them')->stop('immediate');
};

subtest 'without leave nothing is touched' => sub {
	remove($target);
	restore_to($target, { env => { ODR_FAULT => 'step:2:kill', ODR_FAULT_LOG => write_file(work_path('guard.log'), '', 0666) } });
	my $class = class_of($target);
	$site->tool_fails([$site->restore_arguments($target)], 6, qr/not empty/, 'a half-done restore needs --delta');
	$site->tool_fails([$site->restore_arguments($target, '--delta')], 6, qr/\Q$target\E/, 'and a confirmation');
	is(class_of($target), $class, 'nothing changed');

	# The mark of a half-done restore does not make another cluster's directory ours.
	my $other = $site->path('other');
	run_program([$cluster->bin . '/initdb', '-D', $other, '-U', 'postgres', '--no-sync'], timeout => 60)->ok or die;
	write_file("$other/.odrbackup-restore", "x\n", 0600);
	my $refused = restore_to($other);
	is($refused->status, 6, 'a complete directory of another cluster is refused in spite of the mark') or diag $refused->describe;
	ok(-e "$other/global/pg_control", 'and not touched');
	unlink "$other/.odrbackup-restore";
	is(restore_to($other)->status, 6, 'and without it');
	remove($other);
};

subtest 'SIGTERM' => sub {
	for my $point (qw(step store.get file.write)) {
		for my $k ($point eq 'step' ? 1 .. 4 : (1, 3)) {
			remove($target);
			my $log = write_file(work_path('stop.log'), '', 0666);
			my $stopped = restore_to($target, { env => { ODR_FAULT => "$point:$k:stop", ODR_FAULT_LOG => $log } });
			ok(-s $log, "$point $k: signalled");
			ok($stopped->status == 143 || $stopped->ok, "$point $k: 143, or done") or diag $stopped->describe;
			is(-e $control ? 'whole' : 'half', $stopped->ok ? 'whole' : 'half', "$point $k: startable only when done");
		}
	}
};

done_testing;
