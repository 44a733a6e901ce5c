#!/usr/bin/perl
# What is broken in the source is found while it is copied, named, recorded in the set and told by an exit status of its
# own; and what a server under load is just writing is not taken for damage.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep);

use Odr::Site;
use Odr::Work;

# Writes into a file of the running server, behind its back.
sub scribble {
	my ($path, $offset, $bytes) = @_;
	open my $file, '+<:raw', $path or die "$path: $!";
	seek $file, $offset, 0;
	print $file $bytes;
	close $file or die;
}

# A table of some 20 pages that the server will not write again; returns its path below the data directory.
sub make_table {
	my ($server, $name) = @_;
	$server->psql("CREATE TABLE $name AS SELECT n, md5(n::text) AS text FROM generate_series(1, 2000) n");
	$server->psql("VACUUM FREEZE $name");
	$server->psql("CREATE INDEX ${name}_n ON $name (n)");
	return $server->psql("SELECT pg_relation_filepath('$name')");
}

sub damaged_of {
	my ($result) = @_;
	my ($summary) = grep { $_->{message_type} eq 'summary' } $result->json_lines;
	return { map { $_->{path} => $_->{what} } @{ $summary->{damaged} } };
}

my $site = Odr::Site->new(version => 15)->create;
my $source = $site->cluster;
my $pgdata = $source->pgdata;
my %file = map { $_ => make_table($source, $_) } qw(victim ruin short whole);
my $index = $source->psql("SELECT pg_relation_filepath('victim_n')");
$source->psql('CHECKPOINT');
my ($good) = $site->backup('before the damage')->out =~ /^Set (\S+):/m;

subtest 'pages in flux are no damage' => sub {
	$source->pgbench_init(3);
	my $load = $source->pgbench(clients => 6);
	# Files grow by less than a page at a time, as the kernel makes it visible: for a moment, so whoever writes must not be kept
	# from its next step by all that runs here.
	my $growing = "$pgdata/base/1/99999";
	write_file($growing, '');
	my @first = $> == 0 ? ('nice', '-n', '-15') : ();
	my $writer = start_program([@first, 'perl', '-e', <<'PERL', $growing], user => $> == 0 ? 'root' : user_name());
use Time::HiRes 'sleep';
open my $file, '>>', shift or die;
while (1) { syswrite $file, "\0" x 4096; sleep 0.003; truncate $file, 0 if -s $file > 40960 && (-s $file) % 8192 == 0 }
PERL
	for my $number (1 .. 4) {
		my $backup = $site->backup("backup $number under load finds no damage");
		is($backup->err, '', 'and has nothing to say');
	}
	ok($writer->running, 'the file grew and shrank all the time');
	$writer->kill_all;
	unlink $growing;
	$load->stop;
};

subtest 'damage is named, the set is published' => sub {
	scribble("$pgdata/$file{victim}", 3 * 8192 + 5000, 'rot');
	scribble("$pgdata/$index", 2 * 8192 + 5000, 'rot');
	scribble("$pgdata/$file{ruin}", $_ * 8192 + 100, "\x01") for 1 .. 8;
	append_file("$pgdata/$file{short}", 'x' x 100);

	my $backup = $site->tool_fails([$site->backup_arguments], 9, qr/is published, but with 4 findings of damage at its source/, 'status 9');
	like($backup->out, qr/^Set \d{8}T\d{6}Z-[0-9a-f]+: /m, 'the set is told');
	like($backup->err, qr/the source is damaged: pgdata\/\Q$file{victim}\E: block 3 has a wrong checksum$/m, 'file and block');
	like($backup->err, qr/\Q$index\E: block 2 has a wrong checksum$/m, 'an index');
	like($backup->err, qr/\Q$file{ruin}\E: block 1 has a wrong checksum; .*; block 5 has a wrong checksum; and more blocks$/m,
		'of many blocks the first five');
	like($backup->err, qr/\Q$file{short}\E: its size of \d+ bytes is no multiple of 8192$/m, 'a size that cannot be');
	unlike($backup->err, qr/\Q$file{whole}\E/, 'and nothing that is whole');

	my $json = $site->tool_fails([$site->backup_arguments, '--json'], 9, qr/"code":9/, 'as JSON');
	my $damaged = damaged_of($json);
	is(scalar keys %$damaged, 4, 'four files');
	is($damaged->{"pgdata/$file{victim}"}, 'block 3 has a wrong checksum', 'with what is wrong');
	$site->tool_fails(['-q', $site->backup_arguments], 9, qr/\Q$file{victim}\E|is published/, 'not even -q keeps it quiet');
};

subtest 'the set remembers it' => sub {
	my $show = $site->tool_ok(['show', $site->service, 'latest'], 'show');
	like($show->out, qr/^damage +.*block/m, 'names the damage');
	like($show->out, qr/\Q$file{victim}\E: block 3 has a wrong checksum/, 'with file and block');
	my $list = $site->tool_ok(['list', $site->service], 'list');
	like($list->out, qr/source damaged: 4 files/, 'tells of it');
	like($list->out, qr/^\Q$good\E(?!.*damaged)/m, 'and not where there is none');
};

subtest 'it restores, as it was, and says so' => sub {
	my $pgdata_copy = $site->path('copy');
	my $restore = $site->tool_ok([$site->restore_arguments($pgdata_copy, '--verify-with', $source->tool_path('pg_verifybackup'))], 'restore');
	like($restore->out, qr/^damage +the source was damaged in 4 files: odrbackup show \S+$/m, 'the plan warns');
	my $copy = $source->copy_at('copy', $pgdata_copy)->start->wait_promoted;
	is($copy->psql('SELECT count(*) FROM whole'), '2000', 'what is whole can be read');
	like($copy->try_psql('SELECT count(*) FROM victim')->err, qr/invalid page in block 3/, 'what is damaged is not made to look good');
	$copy->stop;
	ok(!$copy->pg_checksums->ok, 'pg_checksums finds it, too');

	my $old = $source->copy_at('old', $site->restore('old', '--set', $good, '--type', 'immediate', '--target-action', 'promote'));
	$old->start->wait_promoted;
	is($old->psql('SELECT count(*), sum(n) FROM victim'), '2000|2001000', 'an older set has it whole');
	$old->stop;
	ok($old->pg_checksums->ok, 'pg_checksums finds nothing there');
};

subtest 'without checksums, what can be seen is seen' => sub {
	my $plain = Odr::Site->new(name => 'plain', cluster => { checksums => 0 })->create;
	my $server = $plain->cluster;
	my ($header, $future, $content) = map { make_table($server, $_) } qw(header future content);
	$server->psql('CHECKPOINT');
	scribble($server->pgdata . "/$header", 4 * 8192 + 12, pack('vv', 8000, 100));
	scribble($server->pgdata . "/$future", 1 * 8192, pack('VV', 0xFFF, 0x10));
	scribble($server->pgdata . "/$content", 1 * 8192 + 5000, 'rot');

	my $damaged = damaged_of($plain->tool_fails([$plain->backup_arguments, '--json'], 9, qr/2 findings/, 'status 9'));
	is($damaged->{"pgdata/$header"}, 'block 4 has a broken header', 'a header that cannot be');
	like($damaged->{"pgdata/$future"} // '', qr{^a page has the position FFF/10, past the end of the backup at [0-9A-F]+/[0-9A-F]+$}, 'a page from the future');
	is($damaged->{"pgdata/$content"}, undef, 'content cannot be judged');
	$server->stop;
};

done_testing;
