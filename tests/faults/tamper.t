#!/usr/bin/perl
# Whoever can write to the store changes objects of every kind in every way: each is noticed by name, nothing wrong is
# restored, and what was not touched still serves.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Basename qw(basename);
use Test::More;
use Time::HiRes ();

use Odr::Faults;
use Odr::Tool;
use Odr::Work;

my $site = small_site(sections => { odrbackup => { 'archive-get-batch' => 0, 'archive-get-timeout' => '0s' } });
my $cluster = $site->cluster;
my $repository = $site->repository;
my $verifier = $cluster->tool_path('pg_verifybackup');
my $promise = Odr::Faults->new($site);

$site->backup('the first set');
$cluster->psql('CREATE TABLE more AS SELECT n, md5(n::text) AS text FROM generate_series(1, 3000) n');
my $history = write_file($cluster->pgdata . '/pg_wal/00000002.history', "1\t0/500000\tno recovery target specified\n", 0600);
$site->tool_ok(['archive-push', '--service', $site->service, $history], 'a history file');
$site->backup('the second set');
my @sets = $promise->set_ids;
is(scalar @sets, 2, 'two sets');
$promise->ok_sets('untouched', start => 1);
my %show = map { $_ => $site->json('show', $site->service, $_) } @sets;
is($site->tool('check', '--repository-scan')->status, 0, 'check finds nothing') or diag $site->tool('check', '--repository-scan')->describe;

# Another service in another repository, for objects that verify there.
my $foreign = Odr::Site->new(version => 15, name => 'foreign', service => 'erp-test', archive => 0,
	cluster => { wal_segsize => 1 }, sections => { odrbackup => { workers => 2 } });
$foreign->{cluster} = $cluster;
$foreign->write_conf->make_keys->init_repository;
$cluster->set(archive_command => $site->archive_command . ' && ' . $foreign->archive_command)->reload;
$foreign->backup('a set of another service');
$cluster->set(archive_command => $site->archive_command)->reload;

my %kinds = objects_of($site);
my %foreign_kinds = objects_of($foreign);
my %before = map { $_ => object_bytes($site, $_) } keys %kinds;
my %when = map { $_ => (Time::HiRes::stat("$repository/$_"))[9] } keys %kinds;

# Objects that a set needs: packs through table and root, its manifest, its WAL.
sub serves {
	my ($set) = @_;
	my ($layer) = @{ $show{$set}{parts}[0]{layers} };
	my $generation = $show{$set}{parts}[0]{generation};
	my %needed = map { $_ => 1 } $layer->{root}, $layer->{table}, $set, map { basename($_) } @{ $show{$set}{wal}{objects} };
	return sub {
		my ($name) = @_;
		return 1 if $needed{ basename($name) } || $name eq 'repository';
		return $name =~ m{/pack/\Q$generation\E/};
	};
}
my %serves = map { $_ => serves($_) } @sets;

my $number = 0;

# Restores SET; 'right', 'refused' (naming an object, with a status of 13 or what says that something is missing), or what is wrong.
sub restored {
	my ($set, $names, $statuses) = @_;
	my $dir = $site->path('tampered-' . ++$number);
	my $result = $site->tool($site->restore_arguments($dir, '--set', $set, '--type', 'immediate', '--verify-with', $verifier));
	my $armed = -e "$dir/global/pg_control";
	run_program(['rm', '-rf', $dir], user => 'root');
	return ('right', $result) if $result->ok && $armed;
	return ("a status of " . $result->status . ':' . $result->describe, $result) if !grep { $result->status == $_ } @$statuses;
	return ('startable: ' . $result->describe, $result) if $armed;
	return ("not named (@$names): " . $result->describe, $result) if !grep { object_named($result, $_) } @$names;
	return ('refused', $result);
}

sub got {
	my ($file) = @_;
	my $to = $site->path('got');
	unlink $to;
	my $get = $site->tool('archive-get', '--service', $site->service, $file, $to);
	my $bytes = -e $to ? read_file($to) : undef;
	return ($get, $bytes);
}

my %wal_truth;
for my $name (grep { $kinds{$_} =~ /WAL object|history|backup file/ } sort keys %kinds) {
	my ($file) = basename($name) =~ /^(.+)-[0-9a-f]{32}$/;
	my ($get, $bytes) = got($file);
	ok($get->ok, "$file is there");
	$wal_truth{$name} = { file => $file, bytes => $bytes };
}

sub mend {
	for my $name (@_) {
		put_bytes($site, $name, $before{$name}, -e "$repository/$name" ? undef : "$repository/repository");
		Time::HiRes::utime($when{$name}, $when{$name}, "$repository/$name");
	}
}

# One alteration: what restores, get and check make of it.
sub judge {
	my ($name, $what, $missing) = @_;
	my $kind = $kinds{$name};
	my $title = "$kind, $what";
	my @statuses = $missing ? (7, 13) : (13);
	my ($noticed, @wrong);

	if (my $wal = $wal_truth{$name}) {
		my ($get, $bytes) = got($wal->{file});
		if ($missing) {
			push @wrong, 'archive-get: not 1: ' . $get->describe if $get->status != 1 || defined $bytes;
		} elsif ($get->ok) {
			push @wrong, 'archive-get: other bytes' if $bytes ne $wal->{bytes};
		} else {
			push @wrong, 'archive-get: not 126: ' . $get->describe if $get->status != 126 || defined $bytes;
			push @wrong, 'archive-get: not named: ' . $get->describe if !object_named($get, $name);
			$noticed = 1;
		}
	}
	if ($kind !~ /history|backup file|WAL object/) {
		for my $set (@sets) {
			my $needs = $serves{$set}->($name);
			# What became of the object makes no difference to sets that do not need it.
			next if !$needs && !$missing && !full_run();
			my ($outcome, $result) = restored($set, [$name], \@statuses);
			if (!$needs) {
				push @wrong, "set $set, which does not need it: $outcome" if $outcome ne 'right';
			} elsif ($outcome eq 'refused') {
				$noticed = 1;
			} elsif ($outcome ne 'right') {
				push @wrong, "set $set: $outcome";
			}
		}
	}
	my $list = $site->tool('list', $site->service);
	$noticed ||= object_named($list, $name) if $kind eq 'manifest' && !$list->ok;
	# Strictly, since WAL that is missing between two sets is a warning.
	my $check = $site->tool('check', '--repository-scan', '--strict');
	if ($check->ok) {
		push @wrong, 'check finds nothing: ' . $check->describe;
	} else {
		push @wrong, 'check: ' . $check->describe if !grep { $check->status == $_ } 3, 4, 7, 13;
		push @wrong, 'check: not 13: ' . $check->describe if !$missing && $check->status != 13;
		push @wrong, 'check does not name it: ' . $check->describe if !object_named($check, $name);
	}
	ok(!@wrong, "$title: noticed by name, nothing wrong comes back") or diag join "\n", "object $name", @wrong;
}

sub tamper {
	my ($name, $what, $bytes) = @_;
	put_bytes($site, $name, $bytes);
	judge($name, $what, !defined $bytes);
	mend($name);
}

# Where a byte is flipped: in header and body everywhere, in footer, trailer and signature where the kind has them.
sub places {
	my ($kind, $size) = @_;
	my %place = ('the magic' => 2, 'the version' => 8, 'the header' => 40, 'the middle' => int $size / 2, 'the last byte' => $size - 1);
	if ($kind =~ /manifest|WAL object|history|backup file/) {
		%place = (%place, 'the endorsement' => $size - 150, 'the signature' => $size - 40, 'the footer' => $size - 204 - 16 - 10,
			'the trailer' => $size - 204 - 12);
	} elsif ($kind =~ /pack|root/) {
		%place = (%place, 'the wraps' => 200, 'the footer' => $size - 16 - 10, 'the trailer' => $size - 12);
	}
	return %place;
}

sub flipped {
	my ($bytes, $at) = @_;
	substr($bytes, $at, 1) = chr(ord(substr $bytes, $at, 1) ^ 0x40);
	return $bytes;
}

# One object of each kind that the second set needs (the largest of its packs and a small one).
sub chosen {
	my ($kind) = @_;
	my ($first) = grep { $kinds{$_} eq $kind && $serves{ $sets[1] }->($_) } sort { length $before{$b} <=> length $before{$a} || $a cmp $b } keys %kinds;
	return $first // (grep { $kinds{$_} eq $kind } sort keys %kinds)[0];
}

for my $kind ('manifest', 'layer root', 'table', 'pack', 'WAL object', 'history') {
	subtest $kind => sub {
		my $name = chosen($kind);
		my $bytes = $before{$name};
		my $size = length $bytes;
		my %place = places($kind, $size);
		tamper($name, "a bit flipped in $_", flipped($bytes, $place{$_})) for sort keys %place;
		tamper($name, 'cut to nothing', '');
		tamper($name, 'cut to 20 bytes', substr $bytes, 0, 20);
		tamper($name, 'cut by half', substr $bytes, 0, $size / 2);
		tamper($name, 'cut by one byte', substr $bytes, 0, -1);
		tamper($name, 'one byte longer', $bytes . "\0");
		tamper($name, 'doubled', $bytes . $bytes);
		my ($other) = grep { $kinds{$_} eq $kind && $_ ne $name } sort keys %kinds;
		tamper($name, 'replaced by another of its kind', $before{$other}) if $other;
		my ($theirs) = grep { $foreign_kinds{$_} eq $kind } sort keys %foreign_kinds;
		tamper($name, 'replaced by one of another service', object_bytes($foreign, $theirs)) if $theirs;
		tamper($name, 'replaced by one of another kind', $before{ chosen($kind eq 'table' ? 'pack' : 'table') });
		tamper($name, 'deleted', undef);
	};
}

subtest 'two objects swapped' => sub {
	for my $kind ('manifest', 'layer root', 'table', 'pack', 'WAL object') {
		my ($one, $two) = (chosen($kind), undef);
		($two) = grep { $kinds{$_} eq $kind && $_ ne $one && $before{$_} ne $before{$one} } sort keys %kinds;
		put_bytes($site, $one, $before{$two});
		put_bytes($site, $two, $before{$one});
		my $check = $site->tool('check', '--repository-scan');
		is($check->status, 13, "$kind: check says so");
		ok(object_named($check, $_), "$kind: and names $_") or diag $check->describe for $one, $two;
		for my $set (@sets) {
			my ($needed) = grep { $serves{$set}->($_) } $one, $two;
			my ($outcome) = restored($set, [$one, $two], [13]);
			# WAL is read by the server, later.
			my $needs = $kind ne 'WAL object' && $needed;
			is($outcome, $needs ? 'refused' : 'right', "$kind: set $set");
		}
		mend($one, $two);
	}
};

# What was once good is put back under a newer name: an older set cannot pass for a newer one.
subtest 'an older manifest replayed' => sub {
	my ($old, $new) = map { my $set = $_; grep { basename($_) eq $set } keys %kinds } @sets;
	my $replay = $new =~ s/\Q$sets[1]\E/20271231T000000Z-00000000/r;
	put_bytes($site, $replay, $before{$old}, "$repository/$old");
	my $check = $site->tool('check');
	is($check->status, 13, 'check says so');
	ok(object_named($check, $replay), 'and names it') or diag $check->describe;
	run_program(['rm', '-f', $site->path('state', 'catalog.db')], user => 'root');
	is_deeply([$promise->set_ids], \@sets, 'it is not listed');
	my $plan = $site->tool($site->restore_arguments($site->path('none'), '--plan'));
	ok($plan->ok && $plan->out =~ /^set\s+\Q$sets[1]\E,/m, 'and a restore takes the newest real set') or diag $plan->describe;
	ok(object_named($plan, $replay), 'and says what it found') or diag $plan->describe;
	unlink "$repository/$replay";
};

subtest 'the repository file' => sub {
	my $bytes = $before{repository};
	my @all = (list => [$site->service], backup => [$site->service], check => []);
	for my $case (['of a newer format', $bytes =~ s/"format":\s*1/"format":2/r, qr/format 2/], ['garbage', 'garbage', qr/'?repository'?/],
			['empty', '', qr/'?repository'?/], ['deleted', undef, qr/repository/]) {
		my ($what, $content, $said) = @$case;
		put_bytes($site, 'repository', $content);
		for my $command ([$site->restore_arguments($site->path('none'), '--plan')], ['backup', $site->service],
				['check', '--repository-scan'], ['expire', $site->service]) {
			my $result = $site->tool(@$command);
			ok(!$result->ok && !$result->died_of && $result->status != 99, "$what: $command->[0] refuses") or diag $result->describe;
			like($result->err . $result->out, $said, "$what: $command->[0] says why");
		}
		# What is there proves itself; that nothing is there cannot be told.
		my ($wal) = grep { $_->{file} eq '000000010000000000000009' } values %wal_truth;
		my ($get, $got) = got($wal->{file});
		ok($get->ok && $got eq $wal->{bytes}, "$what: archive-get gives what is there") or diag $get->describe;
		($get) = got('0000000100000000000000F9');
		is($get->status, 126, "$what: archive-get says of nothing that it is absent") or diag $get->describe;
		put_bytes($site, 'repository', $bytes, "$repository/" . chosen('table'));
	}
	is($site->tool('check', '--repository-scan')->status, 0, 'mended');
};

# What claims to be of a later program, and is not what its name, table or signature says: that is damage.
subtest 'the number of another version' => sub {
	for my $kind ('manifest', 'pack', 'layer root', 'table', 'WAL object') {
		my $name = chosen($kind);
		my $bytes = $before{$name};
		substr($bytes, 8, 2) = pack 'v', 9;
		put_bytes($site, $name, $bytes);
		my $check = $site->tool('check', '--repository-scan');
		is($check->status, 13, "$kind: check takes it for damage");
		ok(object_named($check, $name), "$kind: and names it") or diag $check->describe;
		mend($name);
	}
};

subtest 'other writers' => sub {
	# A bundle for the same service, made by someone with an owner key of his own: its sets are not believed.
	my $thief = $site->path('thief');
	for my $command (['key', 'new', 'owner', "$thief.owner", '--service', $site->service, '--unprotected'],
			['key', 'new', 'identity', "$thief.identity", '--owner', "$thief.owner", '--unprotected'],
			['key', 'endorse', "$thief.bundle", '--owner', "$thief.owner", '--role', 'writer', '--recipient', "$thief.identity.pub"]) {
		$site->tool_ok($command, "@$command[0, 1]");
	}
	my @mine = $promise->stored_ids;
	my ($service) = chosen('manifest') =~ m{^([^/]+)/};

	# Another owner has another id of the service: what is published there is another service, not ours.
	my %sections = (odrbackup => { 'writer-bundle' => "$thief.bundle", identity => "$thief.identity", state => new_dir($site->path('thief-state')) });
	$site->write_conf(%sections);
	my $stranger = $site->tool($site->backup_arguments, { timeout => 120 });
	$site->write_conf;
	$site->tool_ok(['list', $site->service], 'list');
	is_deeply([$promise->set_ids], \@sets, 'a set of another owner is not listed');

	run_program(['rm', '-rf', grep { !m{/\Q$service\E$} && -d } glob "$repository/*"], user => 'root');

	# Put under our service's name it is reported, and not listed.
	my ($theirs) = grep { !/\Q$mine[0]\E|\Q$mine[1]\E/ && $foreign_kinds{$_} eq 'manifest' } keys %foreign_kinds;
	my $planted = "$service/set/" . basename($theirs);
	put_bytes($site, $planted, object_bytes($foreign, $theirs), "$repository/" . chosen('manifest'));
	run_program(['rm', '-f', $site->path('state', 'catalog.db')], user => 'root');
	my $list = $site->tool('list', $site->service);
	unlike($list->out, qr/\Q@{[basename($planted)]}\E/, 'a planted set is not listed');
	ok(object_named($list, $planted), 'and reported') or diag $list->describe;
	is($site->tool('check')->status, 13, 'check: 13');
	unlink "$repository/$planted";

	# A keeper of this service cannot publish.
	$site->tool_ok(['key', 'endorse', "$thief.keeper", '--owner', $site->owner, '--role', 'keeper', '--recipient', $site->identity . '.pub'], 'a keeper');
	$site->write_conf(odrbackup => { 'writer-bundle' => "$thief.keeper" });
	$site->tool_fails([$site->backup_arguments], 12, qr/keeper/, "a keeper's bundle publishes no set");
	my $next = write_file($history =~ s/00000002/00000003/r, "2\t0/600000\tno recovery target specified\n", 0600);
	my $push = $site->tool('archive-push', '--service', $site->service, $next);
	ok($push->status == 12, 'and pushes no WAL') or diag $push->describe;
	$site->write_conf;
	is((got(basename($next)))[0]->status, 1, 'none at all');
	is_deeply([$promise->set_ids], \@sets, 'nothing changed');
};

subtest 'after all of it' => sub {
	my %now = map { $_ => object_bytes($site, $_) } keys %before;
	is_deeply([grep { $now{$_} ne $before{$_} } sort keys %now], [], 'every object is as it was') or return;
	$promise->forget->ok_sets('mended', start => 1);
	$site->backup('and backups go on');
	$promise->ok_sets('the next set');
};

done_testing;
