#!/usr/bin/perl
# A backup that fails or dies anywhere leaves no lie: every set that is listed restores, and the next backup works.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Faults;
use Odr::Tool;
use Odr::Work;

my $site = small_site();
my $promise = Odr::Faults->new($site);

$site->backup('a first backup');
$promise->ok_sets('before all faults', start => 1);

# After a fault: nothing is listed that does not restore; what was told to be done is.
sub after {
	my ($what, $allowed) = @_;
	return sub {
		my ($k, $result) = @_;
		my $name = "$what $k";
		$promise->ok_told($name, $result, $allowed);
		$promise->ok_sets($name);
	};
}

sub sweep {
	my ($point, $action, %option) = @_;
	my $allowed = delete $option{allowed};
	my $faults = fault_sweep("backup", point => $point, action => $action,
		run => sub { $site->tool($site->backup_arguments, $_[0]) }, check => after("backup: $action at $point", $allowed), %option);
	$promise->ok_sets("backup: after $action at $point");
	$promise->ok_chain("backup: after $action at $point");
	$promise->ok_no_session("backup: after $action at $point");
	return $faults;
}

subtest 'the steps' => sub {
	sweep('step', 'fail', allowed => [1]);
	is(sweep('step', 'kill', allowed => []), 8, 'a backup has eight steps');
	# After the manifest nothing is left that could stop.
	sweep('step', 'stop', allowed => [0, 143]);
};

subtest 'operations of the store' => sub {
	sweep('store.put', 'fail', allowed => [1]);
	sweep('store.put', 'kill', allowed => []);
	sweep('store.put', 'nospace', allowed => [14]);
	sweep('store.put', 'stop', allowed => [0, 143], stride => every(2));
	# What is read before the copy must be read; the set stands when the catalog compares itself with the store.
	sweep('store.get', 'fail', allowed => [0, 1]);
	sweep('store.get', 'kill', allowed => []);
};

subtest 'operations on files' => sub {
	sweep('file.write', 'fail', allowed => [1], stride => every(3));
	sweep('file.write', 'nospace', allowed => [14], stride => every(3), first => every(2));
	sweep('file.fsync', 'fail', allowed => [1], stride => every(4));
	sweep('file.fsync', 'kill', allowed => [], stride => every(3));
	sweep('file.rename', 'fail', allowed => [1], stride => every(2));
	sweep('file.rename', 'kill', allowed => []);
};

# Journaled but not put: the next run publishes it before anything else, even if that run fails itself.
subtest 'a set that was journaled is published later' => sub {
	my @before = $promise->set_ids;
	my $log = work_path('journaled.log');
	my $killed = $site->tool($site->backup_arguments, { env => { ODR_FAULT => 'step:7:kill', ODR_FAULT_LOG => write_file($log, '', 0666) } });
	is($killed->died_of, 9, 'killed');
	like(read_file($log), qr/manifest journaled/, 'between journal and repository');
	is(scalar $promise->set_ids, scalar @before, 'nothing new is listed');

	write_file($log, '', 0666);
	my $failed = $site->tool($site->backup_arguments, { env => { ODR_FAULT => 'step:1:fail', ODR_FAULT_LOG => $log } });
	is($failed->status, 1, 'the next run fails, too, soon after it began') or diag $failed->describe;
	is(scalar $promise->set_ids, @before + 1, 'but published what was journaled');
	$promise->ok_sets('republished', start => 1);
	$promise->ok_chain('republished');
};

subtest 'SIGTERM while files are copied' => sub {
	for my $try (1 .. 3) {
		my $run = $site->tool_start($site->backup_arguments);
		select undef, undef, undef, 0.1 * $try;
		$run->signal('TERM');
		my $result = $run->wait(60);
		ok($result->ok || $result->status == 143, "try $try: stopped with 143, or it was done") or diag $result->describe;
		$promise->ok_no_session("try $try");
	}
	$promise->ok_sets('after SIGTERM');
	$promise->ok_chain('after SIGTERM');
};

subtest 'kill -9 at any moment' => sub {
	for my $try (1 .. (full_run() ? 30 : 6)) {
		my $run = $site->tool_start($site->backup_arguments);
		select undef, undef, undef, 0.02 + rand 0.6;
		$run->signal('KILL');
		$run->wait(60);
	}
	$site->backup('the next backup works');
	$promise->ok_sets('after kills', start => 1);
	$promise->ok_chain('after kills');
	$promise->ok_no_session('after kills');
};

done_testing;
