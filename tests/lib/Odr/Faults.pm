# What must hold after whatever went wrong, and the objects of a repository to make things go wrong with.
#
#   my $site = small_site();                       # segments of 1 MiB, two workers, no waiting
#   my $promise = Odr::Faults->new($site);
#   $promise->ok_after('kill at step 3');          # every listed set restores, the chain is whole, no session is left
package Odr::Faults;

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use Exporter 'import';
use File::Basename qw(basename);
use Test::More;
use Time::HiRes ();

use Odr::Site;
use Odr::Tool;
use Odr::Work;

our @EXPORT = qw(small_site every planted untold run_paused has_command objects_of kind_of object_bytes put_bytes object_named segments_between);

# A site whose backup takes half a second. Options as for Odr::Site; its cluster has some rows and a segment of 1 MiB.
sub small_site {
	my (%option) = @_;
	my %cluster = (wal_segsize => 1, %{ delete $option{cluster} // {} });
	my %sections = %{ delete $option{sections} // {} };
	$sections{odrbackup} = { workers => 2, 'archive-get-timeout' => '1s', 'archive-check-timeout' => '30s', %{ $sections{odrbackup} // {} } };
	my $site = Odr::Site->new(version => 15, %option, cluster => \%cluster, sections => \%sections)->create;
	$site->cluster->psql("CREATE TABLE witness AS SELECT n, md5(n::text) AS text FROM generate_series(1, 5000) n");
	return $site;
}

# Every k with the full run, else every so many.
sub every {
	my ($stride) = @_;
	return full_run() ? 1 : $stride;
}

# The tool says that it met the fault, and nothing else went wrong.
sub planted {
	my ($result) = @_;
	return $result->err =~ /a fault planted on purpose|No space left on device/;
}

# The fault met what tells the audit chain of it: that stands in a warning, and what was to be done is done.
sub untold {
	my ($result) = @_;
	return $result->ok && $result->err =~ /^odrbackup: warning: [a-z-]+\.[a-z-]+ is not in the audit chain: /m;
}

# Whether the tool knows a command: tests of one that is not there are skipped with that reason.
sub has_command {
	my ($site, $name) = @_;
	return $site->tool($name, '--help')->status == 0;
}

# Runs the tool until it is about to pass POINT for the first time, calls CODE with what it was about to do, and lets it go on.
sub run_paused {
	my ($site, $point, $code, @arguments) = @_;
	my $log = write_file(work_path('pause.log'), '', 0666);
	my $run = $site->tool_start(@arguments, { env => { ODR_FAULT => "$point:1:pause", ODR_FAULT_LOG => $log } });
	my $stat = "/proc/$run->{pid}/stat";
	poll_until("a pause at $point", sub { read_file($stat) =~ /\) T / || !$run->running }, 30, sub { $run->_output });
	my ($what) = read_file($log) =~ /^\S+ (.*)/ or die "it never came to $point:\n" . $run->_output;
	$code->($what);
	$run->signal('CONT');
	return $run->wait(60);
}

# Options: stored (CODE that gives the names of a repository that is no folder).
sub new {
	my ($class, $site, %option) = @_;
	return bless { site => $site, judged => {}, restored => 0, verifier => $site->cluster->tool_path('pg_verifybackup'), %option }, $class;
}

# Sets as listed, oldest first.
sub sets {
	my ($self) = @_;
	return @{ $self->{site}->json('list', $self->{site}->service)->{sets} };
}

sub set_ids { return map { $_->{set} } $_[0]->sets }

# As the repository has them, whatever the catalog says.
sub stored_ids {
	my ($self) = @_;
	my @names = $self->{stored} ? $self->{stored}->() : glob $self->{site}->repository . '/*/set/*';
	return map { basename($_) } sort grep { m{/set/} } @names;
}

# Forgets what was judged before: the repository was touched.
sub forget {
	my ($self) = @_;
	$self->{judged} = {};
	return $self;
}

# Names of the segments from the first to the last, of 1 MiB.
sub segments_between {
	my ($first, $last) = @_;
	my ($timeline) = $first =~ /^(.{8})/;
	my ($from, $to) = map { hex(substr $_, 8, 8) * 4096 + hex(substr $_, 16, 8) } $first, $last;
	return map { sprintf '%s%08X%08X', $timeline, $_ / 4096, $_ % 4096 } $from .. $to;
}

# One set restores, is what was captured, and has its WAL. Returns what is wrong, or nothing.
sub trouble_with {
	my ($self, $set, %option) = @_;
	my $site = $self->{site};
	my $dir = $site->path('judge-' . ++$self->{restored});
	my $restore = $site->tool($site->restore_arguments($dir, '--set', $set, '--type', 'immediate', '--target-action', 'promote',
			'--verify-with', $self->{verifier}));
	return "set $set does not restore: " . $restore->describe if !$restore->ok;
	my $wal = $site->json('show', $site->service, $set)->{wal};
	for my $segment (segments_between($wal->{first}, $wal->{last})) {
		my $get = $site->tool('archive-get', '--service', $site->service, $segment, "$dir/got");
		return "set $set lacks its WAL: " . $get->describe if !$get->ok || -s "$dir/got" != $wal->{segment_size};
		unlink "$dir/got";
	}
	if ($option{start}) {
		my $copy = $site->cluster->copy_at("judge-$self->{restored}", $dir)->start(120)->wait_promoted(120);
		my $count = $copy->psql('SELECT count(*), min(md5(n::text) = text::text) FROM witness' =~ s/min\((.*)\)/bool_and($1)/r);
		$copy->stop('immediate');
		return "set $set restores to something else: $count" if $count ne '5000|t';
	}
	run_program(['rm', '-rf', $dir]);
	return;
}

# Each listed set that was not judged before, once. start: the newest of them is also started. every: of many only every so many,
# and the newest.
sub ok_sets {
	my ($self, $name, %option) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my @listed = $self->set_ids;
	my @stored = $self->stored_ids;
	is_deeply([sort @listed], \@stored, "$name: every set in the repository is listed, and no other");
	my @new = grep { !$self->{judged}{$_} } @listed;
	my $left = $option{every} // 1;
	for my $set (grep { $left-- == 1 && ($left = $option{every} // 1) || $_ eq $new[-1] } @new) {
		my $trouble = $self->trouble_with($set, start => $option{start} && $set eq $new[-1]);
		ok(!$trouble, "$name: set $set restores") or diag $trouble;
		$self->{judged}{$set} = 1;
	}
	return scalar @new;
}

# What a run that met a fault says of a set: a status of those allowed, success only with a set that is listed, else the fault.
sub ok_told {
	my ($self, $name, $result, $allowed) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($told) = $result->out =~ /^Set (\S+):/m;
	my %listed = map { $_ => 1 } $self->set_ids;

	ok($result->died_of || untold($result) || grep({ $result->status == $_ } @$allowed), "$name: status is one of @$allowed")
	  or diag $result->describe;
	ok(!$result->ok || ($told && $listed{$told}), "$name: success only with a set that is listed") or diag $result->describe;
	ok($result->ok || $result->died_of || $result->status == 143 || planted($result), "$name: the fault is named")
	  or diag $result->describe;
}

# The sets of each writer follow one another without a gap: 1, 2, 3 …, each naming the one before by its digest.
sub chain_trouble {
	my ($self) = @_;
	my %last;
	my @sets = sort { $a->{sequence} <=> $b->{sequence} } $self->sets;
	for my $set (@sets) {
		my $show = $self->{site}->json('show', $self->{site}->service, $set->{set});
		my $before = $last{ $set->{writer} };
		my $number = $before ? $before->{sequence} + 1 : 1;
		return "set $set->{set} has number $set->{sequence} instead of $number" if $set->{sequence} != $number;
		return "set $set->{set} names " . ($show->{previous_set} // 'none') . " as the one before"
		  if ($show->{previous_set} // '') ne ($before ? $before->{set} : '');
		$last{ $set->{writer} } = $set;
	}
	return;
}

sub ok_chain {
	my ($self, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $trouble = $self->chain_trouble;
	ok(!$trouble, "$name: the chain of sets has no gap") or diag $trouble;
}

# A backup that died must not leave its session, which is what keeps a server in backup mode.
sub ok_no_session {
	my ($self, $name) = @_;
	my $left = eval {
		$self->{site}->cluster->poll_query(
			"SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'odrbackup%'", '0', 20);
		1;
	};
	ok($left, "$name: no session is left on the server") or diag $@;
}

# Objects of the service: name below the repository => kind.
sub objects_of {
	my ($site) = @_;
	my $repository = $site->repository;
	my $find = run_program(['find', $repository, '-type', 'f', '!', '-name', '.*', '-printf', '%P\n'], user => 'root');
	return map { $_ => kind_of($repository, $_) } split /\n/, $find->out;
}

sub kind_of {
	my ($repository, $name) = @_;
	return 'repository file' if $name eq 'repository';
	return 'manifest' if $name =~ m{/set/};
	return 'table' if $name =~ m{/table/};
	return 'history' if $name =~ m{/wal/.*\.history-};
	return 'backup file' if $name =~ m{/wal/.*\.backup-};
	return 'WAL object' if $name =~ m{/wal/};
	return 'other' if $name !~ m{/pack/};
	my $kind = unpack 'x10 v', read_file("$repository/$name");
	return $kind == 2 ? 'layer root' : 'pack';
}

sub object_bytes {
	my ($site, $name) = @_;
	return read_file($site->repository . "/$name");
}

# Writes an object as one with access to the store could: same name, owner, mode and time; undef removes it.
sub put_bytes {
	my ($site, $name, $bytes, $like) = @_;
	my $path = $site->repository . "/$name";
	my ($mode, $mtime) = (stat($like // $path))[2, 9];
	my $fine = (Time::HiRes::stat($like // $path))[9];
	unlink $path;
	return if !defined $bytes;
	new_dir($path =~ s{/[^/]+$}{}r) if !-d $path =~ s{/[^/]+$}{}r;
	write_file($path, $bytes, defined $mode ? $mode & 07777 : 0400);
	Time::HiRes::utime($fine, $fine, $path) if defined $fine;
	return $path;
}

# What the user has to see: the object's name, whole or its last component.
sub object_named {
	my ($result, $name) = @_;
	my $base = basename($name);
	return index($result->err . $result->out, $base) >= 0;
}

1;
