#!/usr/bin/perl
# A capture of a filestore that fails or dies anywhere leaves no lie: every set that is listed restores, and the next capture
# takes what this one did not.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Disk;
use Odr::Faults;
use Odr::Odoo;
use Odr::Tool;
use Odr::Work;

my $root;
my $site = small_site(archive => 0, sections => { 'service erp-prod' => { filestore => ($root = new_dir(work_path('filestore'), 0755)) } });
my $promise = Odr::Faults->new($site);
my $shop = Odr::Odoo->new(cluster => $site->cluster, database => 'shop', filestore => $root)->create;
my @ids = map { $shop->upload("file $_ " . 'x' x (50 * $_)) } 1 .. 60;
my @capture = ('backup', $site->service, '--part', 'filestore');
my ($uploads, $restores, %judged) = (0, 0);

$site->tool_ok([@capture], 'a first capture');

# Something came, something went: a capture has all of its steps.
sub change {
	$shop->remove($ids[$uploads % 60])->collect if $uploads < 60;
	$shop->upload('more ' . ++$uploads . 'x' x 3000);
}

sub restore_set {
	my ($set, $option) = @_;
	my $folder = $site->path('judged-' . ++$restores);
	my $result = $site->tool('restore', $site->service, '--part', 'filestore', '--filestore', $folder, '--set', $set, $option // {});
	return ($folder, $result);
}

sub trouble_with {
	my ($folder) = @_;
	my $check = run_program(['sh', '-c', 'cd "$1" && find . -type f -path "./shop/??/*" | sed "s,.*/\(.*\),\1  &," | sha1sum --check --quiet', 'sh', $folder]);
	return $check->ok ? '' : $check->out . $check->err;
}

sub differences { return run_program(['diff', '-r', '--exclude=checklist', $root, $_[0]])->out }

# What is listed is stored, and restores: once each. exact: the newest is what is there now.
sub ok_sets {
	my ($name, %option) = @_;
	my @listed = $promise->set_ids;
	is_deeply([sort @listed], [$promise->stored_ids], "$name: every set in the repository is listed, and no other");
	for my $set (grep { !$judged{$_}++ || $option{exact} && $_ eq $listed[-1] } @listed) {
		my ($folder, $result) = restore_set($set);
		my $trouble = $result->ok ? trouble_with($folder) : $result->describe;
		$trouble ||= differences($folder) if $option{exact} && $set eq $listed[-1];
		is($trouble, '', "$name: set $set restores");
		run_program(['rm', '-rf', $folder]);
	}
}

sub after {
	my ($what, $allowed) = @_;
	return sub {
		my ($k, $result) = @_;
		my $name = "$what $k";
		$promise->ok_told($name, $result, $allowed);
		ok_sets($name);
	};
}

sub sweep {
	my ($point, $action, %option) = @_;
	my $allowed = delete $option{allowed};
	my $name = "capture: $action at $point";
	my $faults = fault_sweep('capture', point => $point, action => $action, before => \&change,
		run => sub { $site->tool(@capture, $_[0]) }, check => after($name, $allowed), %option);
	ok_sets("after $name", exact => 1);
	$promise->ok_chain("after $name");
	$promise->ok_no_session("after $name");
	return $faults;
}

subtest 'the steps' => sub {
	sweep('step', 'fail', allowed => [0, 1]);
	is(sweep('step', 'kill', allowed => []), 6, 'a capture has six steps');
	sweep('step', 'stop', allowed => [0, 143]);
};

subtest 'operations of the store' => sub {
	sweep('store.put', 'fail', allowed => [1]);
	sweep('store.put', 'kill', allowed => []);
	sweep('store.put', 'nospace', allowed => [14]);
	sweep('store.get', 'fail', allowed => [0, 1]);
	sweep('store.get', 'kill', allowed => []);
};

subtest 'operations on files' => sub {
	sweep('file.write', 'nospace', allowed => [0, 14], stride => every(2));
	sweep('file.fsync', 'kill', allowed => [], stride => every(3));
	sweep('file.rename', 'fail', allowed => [0, 1], stride => every(2));
	sweep('file.rename', 'kill', allowed => []);
};

# Where nothing is new, the moment is the commit.
subtest 'a moment' => sub {
	$site->tool_ok([@capture], 'all is captured');
	my $moments = sub { scalar(my @moments = glob $site->repository . '/*/moment/filestore/*') };
	my $sets = $promise->set_ids;
	for my $fault ('store.put:1:fail', 'store.put:1:kill', 'step:1:kill') {
		my $before = $moments->();
		my $log = write_file(work_path('moment.log'), '', 0666);
		my $result = $site->tool(@capture, { env => { ODR_FAULT => $fault, ODR_FAULT_LOG => $log } });
		ok(!$result->ok && -s $log, "$fault: no success") or diag $result->describe;
		is($moments->(), $before + ($fault =~ /^step/ ? 1 : 0), "$fault: a moment only where it was stored");
		$site->tool_ok([@capture], "$fault: the next one");
		is(scalar $promise->set_ids, $sets, "$fault: and still no set was needed");
	}
};

subtest 'a full disk' => sub {
	my $state = $site->path('state', $site->service);
	my $kept = $site->path('state-kept');
	plan skip_all => 'mounting is not permitted here' if !disk_mount($site->path('try'), 1);
	run_program(['cp', '-a', $state, $kept])->ok or die;
	disk_mount($state, 4) or die;
	run_program(['sh', '-c', "cp -a $kept/. $state/"])->ok or die;
	for my $left (8, 0) {
		change();
		disk_fill($state, $left);
		my $result = $site->tool(@capture);
		is($result->status, 14, "$left KiB left for the local state: 14") or diag $result->describe;
		like($result->err, qr/No space left/, 'it says so');
		disk_make_room($state);
		ok_sets("$left KiB left");
		$site->tool_ok([@capture], 'with room again');
		ok_sets('with room again', exact => 1);
	}
};

subtest 'kill -9 at any moment' => sub {
	for my $try (1 .. (full_run() ? 30 : 6)) {
		change();
		my $run = $site->tool_start(@capture);
		select undef, undef, undef, rand 0.08;
		$run->signal('KILL');
		$run->wait(60);
	}
	$site->tool_ok([@capture], 'the next capture works');
	ok_sets('after kills', exact => 1);
	$promise->ok_chain('after kills');
	$promise->ok_no_session('after kills');
};

# What lies in the small packs of many captures is stored again: with the next capture, until one of them has come to its end.
sub until_stored_again {
	my $log = work_path('again.log');
	for (1 .. 60) {
		change();
		write_file($log, '', 0666);
		$site->tool(@capture, { env => { ODR_FAULT => 'step:2:fail', ODR_FAULT_LOG => $log } });
		return 1 if read_file($log) =~ /small packs/;
		my $result = $site->tool(@capture);
		$result->ok or die $result->describe;
	}
	return 0;
}

subtest 'small packs' => sub {
	for (['step', 'kill', []], ['store.put', 'fail', [1]], ['store.put', 'kill', []], ['file.read', 'kill', []]) {
		my ($point, $action, $allowed) = @$_;
		ok(until_stored_again(), 'the next capture stores them again') or return;
		fault_sweep("small packs: $action at $point", point => $point, action => $action, stride => $point eq 'file.read' ? every(7) : 1,
			run => sub { $site->tool(@capture, $_[0]) }, check => after("small packs: $action at $point", $allowed));
		ok_sets("small packs, after $action at $point", exact => 1);
	}
	# What is gone by then stays as it was captured.
	ok(until_stored_again(), 'once more') or return;
	my ($gone) = $shop->names;
	my $file = $shop->path($gone);
	my $run = run_paused($site, 'step', sub { rename $file, $site->path('gone') or die "cannot rename '$file': $!\n" }, @capture);
	is($run->status, 0, 'a file that is gone when it would be stored again') or diag $run->describe;
	my ($folder, $result) = restore_set(($promise->set_ids)[-1]);
	is($result->ok ? trouble_with($folder) : $result->describe, '', 'the set restores');
	ok(-f "$folder/shop/$gone", 'and has the file as it was captured before');
	rename $site->path('gone'), $file or die "cannot rename back: $!\n";
};

# So much is new that it is read before the collector is held off. (Zeros, which are quick.)
subtest 'a pass before the last one' => sub {
	my $bytes = 300 << 20;
	my $name = run_program(['sh', '-c', "head -c $bytes /dev/zero | sha1sum"])->out =~ s/ .*//sr;
	my $folder = new_dir("$root/shop/" . substr($name, 0, 2), 0755);
	run_program(['truncate', '-s', $bytes, "$folder/$name"])->ok or die;
	change();
	my $log = write_file(work_path('pass.log'), '', 0666);
	my $result = $site->tool(@capture, { env => { ODR_FAULT => 'step:1:kill', ODR_FAULT_LOG => $log } });
	like(read_file($log), qr/large pass/, 'it came to its end');
	is($result->died_of, 9, 'and the capture was killed');
	$site->tool_ok([@capture], 'the next one');
	ok_sets('the next one', exact => 1);
	is_deeply([glob $site->path('state', $site->service, 'filestore', 'pass-*')], [], 'and nothing is left of the pass');
	unlink "$folder/$name" or die;
	$site->tool_ok([@capture], 'it is gone again');
};

# A restore is begun by a mark in the folder, and done when it goes; what the program does behind that is no part of it.
subtest 'a restore' => sub {
	my ($newest) = reverse $promise->set_ids;
	my $folder = $site->path('target');
	my @restore = ('restore', $site->service, '--part', 'filestore', '--filestore', $folder, '--set', $newest);
	for my $point ('step', 'store.get', 'file.write') {
		my $stride = $point eq 'file.write' ? every(7) : 1;
		fault_sweep('restore', point => $point, action => 'kill', stride => $stride, run => sub { $site->tool(@restore, $_[0]) },
			check => sub {
				my ($k) = @_;
				my @there = glob "$folder/*";
				return if !@there || -e "$folder/.odrbackup-restore";
				is(differences($folder), '', "kill at $point $k: what does not say that it is half done is whole");
				run_program(['rm', '-rf', $folder]);
			});
		is(differences($folder), '', "after kills at $point: it is what is there");
		run_program(['rm', '-rf', $folder]);
	}
};

done_testing;
