#!/usr/bin/perl
# The reader in another language, written from odrbackup-format(7) alone, restores filestores of several layers to the same
# bytes, and reads moments and marks.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Digest::SHA qw(sha1_hex sha256_hex);

use Odr::Odoo;
use Odr::Site;
use Odr::Work;

# What was written when marks and moments were new; the program reads it with any configuration that names its keys.
subtest 'the golden filestore' => sub {
	my $golden = work_path('golden');
	run_program(['cp', '-r', '--no-preserve=all', source_path('tests/golden/filestore'), $golden], user => 'root')->ok or die;
	run_program(['chmod', '0600', "$golden/identity"], user => 'root');
	my @golden = ('--repository', "$golden/repository", '--identity', "$golden/identity");
	my $read = sub {
		my $run = run_program(['/usr/bin/python3', source_path('tests/reader/odr_reader.py'), @golden, @_], user => 'root');
		ok($run->ok, "@_") or diag $run->err;
		return split /\n/, $run->out;
	};
	my %set;
	@set{qw(first second)} = sort map { (split /\t/)[0] } $read->('list');
	for my $name (sort keys %set) {
		my $to = work_path("golden-$name");
		$read->('restore', '--no-sync', '--part', 'filestore', $set{$name}, $to);
		my @found = map { my $text = read_file("$to/$_"); join ' ', $name, $_, length $text, sha256_hex($text) }
		  split /\n/, run_program(['find', $to, '-type', 'f', '-printf', '%P\n'], user => 'root')->out;
		is_deeply([sort @found], [grep { /^$name / } split /\n/, read_file("$golden/expected")], "the $name set has its content");
	}
	is_deeply([map { (split /\t/)[1] } $read->('moments', 'filestore')], [$set{second}], 'the moment is of the second');
	is_deeply([map { [(split /\t/)[0, 2, 3, 4]] } $read->('marks')], [['month-end', '-', '-', 'closed']], 'the mark has its name and note');
};

subtest 'the golden anchor' => sub {
	my $golden = work_path('golden-anchor');
	run_program(['cp', '-r', '--no-preserve=all', source_path('tests/golden/anchor'), $golden], user => 'root')->ok or die;
	my $read = run_program(['/usr/bin/python3', source_path('tests/reader/odr_reader.py'), '--repository', "$golden/repository",
			'--identity', "$golden/identity", 'anchors'], user => 'root');
	is($read->err, '', 'it verifies');
	is_deeply([split /\n/, $read->out], [
			"month-end\t0/C0000A0\tshop\tbuiltin/trial-balance.sql\tidentical\t" .
			'[["balance","1000","2","12.50"],["balance",null,"0","0"]]' . "\tnull",
			"month-end\t0/C0000A0\tshop\tweekly/orders.sql\tdifferent\t[[\"41\"]]\t[[\"42\"]]",
			"month-end\t0/C0000A0\tshop\tweekly/slow.sql\tunknown\tnull\tnull",
		], 'and has its figures');
};

my $site = Odr::Site->new(version => 15, archive => 0);
my $root = new_dir($site->path('filestore'), 0755);
$site->{sections}{ 'service ' . $site->service } = { filestore => $root };
$site->create;
my $shop = Odr::Odoo->new(cluster => $site->cluster, database => 'shop', filestore => $root)->create;

# As root: it sets owners as they were.
sub reader {
	my (@arguments) = @_;
	return run_program(['/usr/bin/python3', source_path('tests/reader/odr_reader.py'), '--repository', $site->repository,
			'--identity', $site->identity, @arguments], user => 'root', timeout => 120);
}

sub reader_ok {
	my ($name, @arguments) = @_;
	my $run = reader(@arguments);
	ok($run->ok, $name) or diag $run->out . $run->err;
	return $run->out;
}

sub capture { return $site->tool('backup', $site->service, '--part', 'filestore') }

# Lines of name, kind, mode, time, and the size of a file.
sub tree {
	my $found = run_program(['find', $_[0], '-mindepth', '1', '-printf', '%P %y %m %T@ %s\n'], user => 'root');
	return sort map { s/^(\S+ d .*) \d+$/$1/r } split /\n/, $found->out;
}

# Small files that share a chunk, a large one, one of zeros, an empty one that is damaged; then what comes and goes.
my @ids = map { $shop->upload("file $_ " . 'x' x (37 * $_)) } 1 .. 300;
my $large = 'large ' . join ' ', 1 .. 400_000;
$shop->upload($large);
$shop->upload("\0" x 1_500_000);
is(capture()->status, 0, 'a first capture');
my $damaged = $shop->path(do { my $sha1 = sha1_hex('lost'); substr($sha1, 0, 2) . "/$sha1" });
new_dir($damaged =~ s{/[^/]+$}{}r, 0755);
write_file($damaged, '', 0640);
utime 1_700_000_000, 1_700_000_000, $damaged;
$shop->remove(@ids[0 .. 9])->collect;
$shop->upload("second $_") for 1 .. 3;
is(capture()->status, 9, 'a second one, with damage');
$site->tool_ok(['mark', $site->service, 'first of two', '--note', 'with a note'], 'a mark');
$shop->upload("third $_") for 1 .. 2;
is(capture()->status, 0, 'a third one');
is(capture()->status, 0, 'nothing is new');
$site->tool_ok(['mark', $site->service, "\x{c3}\x{a4}nderung"], 'another mark');

my @sets = $site->set_ids;
my $layers = @{ $site->json('show', $site->service, $sets[-1])->{parts}[0]{layers} };
cmp_ok($layers, '>', 1, "the newest set has $layers layers");
is_deeply([map { (split /\t/)[0, 2] } split /\n/, reader_ok('it lists', 'list')],
	[$sets[0], 'filestore:full', map { $_, 'filestore:incremental' } @sets[1, 2]], 'three sets of a filestore');
for my $set (@sets) {
	my ($by_program, $by_reader) = map { $site->path("$_-$set") } qw(program reader);
	$site->tool_ok(['restore', $site->service, '--part', 'filestore', '--filestore', $by_program, '--set', $set], "$set by the program");
	reader_ok("$set by the reader", 'restore', '--no-sync', '--part', 'filestore', $set, $by_reader);
	is_deeply([tree($by_reader)], [tree($by_program)], 'have the same names, modes and times');
	is(run_program(['diff', '-r', $by_program, $by_reader], user => 'root')->out, '', 'and the same bytes');
}
is(run_program(['diff', '-r', '--exclude=checklist', $root, $site->path("reader-$sets[-1]")], user => 'root')->out, '',
	'the newest is what is there');

my @moments = split /\n/, reader_ok('moments', 'moments', 'filestore');
is(scalar @moments, 1, 'one moment');
like($moments[0], qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\t\Q$sets[-1]\E$/, 'which says that nothing is new since the newest set');

my @expected = map { [$_->{name}, $_->{timeline}, $_->{lsn}, $_->{note} // ''] } @{ $site->json('list', '--marks')->{marks} };
my @marks = map { my @mark = split /\t/, $_, -1; [@mark[0, 2, 3, 4]] } split /\n/, reader_ok('marks', 'marks');
is(scalar @marks, 2, 'two marks');
utf8::encode($_->[0]) for @expected;
is_deeply(\@marks, \@expected, 'with name, position and note');

subtest 'whatever was altered is noticed, and named' => sub {
	for my $path (map { glob $site->repository . "/*/$_" } 'mark/*', 'moment/filestore/*') {
		my $good = read_file($path);
		my ($command) = $path =~ m{/(mark|moment)/};
		my $object = $path =~ s{.*/(?=(?:mark|moment)/)}{}r;
		chmod 0600, $path;
		for my $place (30, int(length($good) / 2), length($good) - 1) {
			my $bad = $good;
			substr($bad, $place, 1) ^= "\x01";
			write_file($path, $bad);
			my $run = reader($command eq 'mark' ? 'marks' : ('moments', 'filestore'));
			ok($run->status == 1 && index($run->err, $object) >= 0, "$command: byte $place") or diag $run->out . $run->err;
		}
		write_file($path, $good);
	}
};

done_testing();
