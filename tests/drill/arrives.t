#!/usr/bin/perl
# That a server rests is no proof that it rests where it was to: servers that stop elsewhere, before or behind, or do not stop, are
# found out, by a program that starts PostgreSQL with another target than it was given. What is damaged, came too late, or cannot be
# had is told apart, too.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Drill;
use Odr::Odoo;
use Odr::Site;
use Odr::Tool ();
use Odr::Work;

my $site = Odr::Site->new(version => 15, cluster => { wal_segsize => 1 }, evidence => 1);
my $service = $site->service;
my $root = new_dir($site->path('filestore'), 0755);
$site->{sections}{"service $service"} = { filestore => $root, config => 'none' };
$site->create;
my $source = $site->cluster;
my $shop = Odr::Odoo->new(cluster => $source, database => 'shop', filestore => $root)->create;
my $kept = $shop->upload('a file that stays', res_model => 'account.move', res_id => 1);
my $lost = $shop->upload('a file that is lost at the source');
my $name = $shop->sql("SELECT store_fname FROM ir_attachment WHERE id = $lost");
unlink $shop->folder . "/$name" or die "cannot remove $name: $!\n";
is($site->tool($site->backup_arguments)->status, 9, 'a set, of a source that is damaged');

# A commit, and when it was; with its WAL in the archive.
sub commit {
	$shop->sql('INSERT INTO ir_cron (active) VALUES (false)');
	my $time = $source->psql(q(SELECT to_char(clock_timestamp() AT TIME ZONE 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US') || 'Z'));
	return ($time, $source->psql('SELECT pg_current_wal_flush_lsn()'));
}

my ($early, $early_lsn) = commit();
$site->tool_ok(['mark', $service, 'first'], 'a mark');
commit();
my ($late, $late_lsn) = commit();
$site->tool_ok(['mark', $service, 'second'], 'another one');
my ($last) = commit();
$source->archive_now;

my $drills = Odr::Drill->new(site => $site, usual => { evidence => { key => 'evidence' } });
my $bin = new_dir($site->path('bin'), 0755);

# Programs of PostgreSQL of which the server finds other lines in its settings: setting => line.
sub misled {
	my (%line) = @_;
	my $edits = join ' ', map { qq(-e "s|^$_ = .*|$line{$_}|") } sort keys %line;
	my $edit = $edits ? qq([ "\$1" != -D ] || sed -i $edits "\$2/postgresql.conf"\n) : '';
	write_file("$bin/postgres", "#!/bin/sh\n${edit}exec " . $source->bin . qq(/postgres "\$@"\n), 0755);
	return (sandbox => { 'postgres-bin' => $bin });
}

sub found_out {
	my ($name, $target, $message, @settings) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($record) = $drills->run($drills->plan('misled', @settings), ['--target', $target], 4, 'fail-restore', $name);
	like($record->{failure}{message}, $message, "$name: is found out");
	$drills->ok_nothing_left($name);
	return $record;
}

subtest 'stopped is not arrived' => sub {
	my $late_text = $late =~ s/Z$/+00/r;
	my ($record) = $drills->run($drills->plan('good', misled()), ['--target', "time:$early"], 0, 'pass-with-warnings', 'a server that is told nothing else');
	like($record->{target}{postgres_sha256}, qr/^[0-9a-f]{64}$/, 'its program is known');
	found_out('one that goes on', "time:$early", qr/^the server went past the target/, misled(recovery_target_time => "recovery_target_time = '$late_text'"));
	found_out('one that goes on to another mark', 'name:first', qr/at another restore point of the name 'first'/, misled(recovery_target_name => "recovery_target_lsn = '$late_lsn'"));
	found_out('one that stops early', "lsn:$late_lsn", qr/^the server rests before the target/, misled(recovery_target_lsn => "recovery_target_lsn = '$early_lsn'"));
	found_out('one that opens', "time:$early", qr/opened instead of resting at the target/, misled(recovery_target_action => "recovery_target_action = 'promote'"));
	misled();
	my $label = read_file("$bin/postgres") =~ s{^exec}{[ "\$1" != -D ] || rm -f "\$2/../data/backup_label"\nexec}mr;
	write_file("$bin/postgres", $label, 0755);
	found_out('one whose label is lost', 'immediate', qr/could not locate a valid checkpoint record/, sandbox => { 'postgres-bin' => $bin });
	found_out('one that ends', "time:$early", qr/the private server ended/, misled(recovery_target_action => "recovery_target_action = 'shutdown'"));
};

subtest 'a server that pauses for another reason' => sub {
	$source->set(max_connections => 400)->restart;
	commit();
	$source->archive_now;
	my ($then) = commit();
	commit();
	$source->archive_now;
	found_out('a setting that is too small for what is replayed', "time:$then", qr/paused before the target/);
	found_out('also where all of the archive is wanted', 'latest', qr/paused before the end of the archive/);
	$source->set(max_connections => 40)->restart;
	$site->backup('a set of after that');
	commit();
	$source->archive_now;
};

# Whatever the copy is given is from before the loss that is pretended: also while it is being restored.
subtest 'what is stored after the loss' => sub {
	my $drill = $site->tool_start('drill', 'run', $drills->plan('loss'), '--json');
	poll_until('a restore', sub { glob $drills->sandbox . '/sandbox-*/data' }, 60);
	$drill->signal('STOP');
	my ($too_late) = commit();
	$source->archive_now;
	$drill->signal('CONT');
	$drill->wait(120);
	my ($summary) = grep { $_->{message_type} eq 'summary' } $drill->json_lines;
	my $record = $summary->{record};
	is($drill->status, 0, 'a drill goes on') or diag $drill->err;
	cmp_ok($record->{measured}{last_commit}, 'lt', $record->{measured}{t_loss}, 'with nothing that came later');
	cmp_ok($record->{measured}{last_commit}, 'lt', $too_late, 'though it is there');
	cmp_ok($record->{measured}{achieved_rpo_us}, '>', 0, 'so that what would be lost is measured');
};

subtest 'what was lost at the source' => sub {
	my ($record) = $drills->run($drills->plan('baseline'), [], 0, 'pass-with-warnings', 'a file that was missing already');
	like(Odr::Drill::check_of($record, 'filestore')->{message}, qr/^1 files are as damaged as they were at the source/, 'is not held against the backup');
	is($record->{filestore}{baseline}, 1, 'and is counted');
};

subtest 'a file that was altered' => sub {
	my $file = $shop->folder . '/' . $shop->sql("SELECT store_fname FROM ir_attachment WHERE id = $kept");
	my $content = read_file($file);
	my $plant = $drills->beside('alter/alter', <<'SH', 0755);
#!/bin/sh
file=$(find "$ODR_FILESTORE" -type f -size 17c) && chmod u+w "$file" && printf 'A file that stays' >"$file" && echo "${file##*/}"
SH
	my ($record) = $drills->run($drills->plan('altered', 'check alter' => { type => 'command', command => $plant },
			'check filestore' => { type => 'filestore', gate => 'true', stage => 'paused' }), [], 4, 'fail-check', 'in the copy');
	my ($hash) = $file =~ m{([^/]+)$};
	is(Odr::Drill::check_of($record, 'alter')->{message}, $hash, 'one file');
	like(Odr::Drill::check_of($record, 'filestore')->{message}, qr{^1 of \d+ files are missing or damaged; \w\w/$hash is }, 'is found by its hash, and named');
	is($record->{filestore}{hash_mismatch}, 1, 'as what it is');
};

subtest 'an archive that is damaged, or out of reach' => sub {
	for (1 .. 2) {
		commit();
		$source->archive_now;
	}
	my @after = sort grep { m{/[0-9A-F]{24}-} } glob $site->repository . '/*/wal/*/*';
	my $damaged = $after[-2];
	my $good = read_file($damaged);
	chmod 0600, $damaged;
	write_file($damaged, $good ^ ("\0" x 200 . "\1"), 0600);
	my ($record) = $drills->run($drills->plan('damaged'), [], 13, 'fail-restore', 'a segment that is not what it was');
	my ($segment) = $damaged =~ m{/([0-9A-F]{24})-};
	like($record->{failure}{message}, qr/$segment/, 'is named');
	write_file($damaged, $good, 0600);
	rename $site->repository, $site->repository . '.away' or die "cannot rename: $!\n";
	($record) = $drills->run($drills->plan('away'), [], 10, 'error', 'a repository that is not there');
	rename $site->repository . '.away', $site->repository;
	$drills->ok_nothing_left('a damaged archive');
};

# Only where a server asks for files, and only such files.
subtest 'who asks the feeder for something else' => sub {
	my $tool = Odr::Tool::tool_path();
	my $ask = $drills->beside('feeder/ask', <<"SH", 0755);
#!/bin/sh
segment=\$(ls data/pg_wal | grep -E '^[0-9A-F]{24}\$' | head -n 1)
for path in ../stolen pg_wal/../stolen "\$PWD/stolen" pg_wal/\$segment; do
	'$tool' archive-get --feeder pg/feed "\$segment" "\$path" 2>/dev/null
	[ \$? = 126 ] || echo "\$path"
done
'$tool' archive-get --feeder pg/feed ../../etc/passwd pg_wal/RECOVERYXLOG 2>/dev/null
[ \$? = 126 ] || echo a file
mv data/pg_wal elsewhere && ln -s ../elsewhere data/pg_wal
'$tool' archive-get --feeder pg/feed "\$segment" pg_wal/RECOVERYXLOG 2>/dev/null
[ \$? = 126 ] || echo a link
rm data/pg_wal && mv elsewhere data/pg_wal
ls -d stolen data/pg_wal/RECOVERYXLOG 2>/dev/null
exit 0
SH
	my ($record) = $drills->run($drills->plan('feeder', 'check ask' => { type => 'command', command => $ask, stage => 'promoted' }), [], 0, qr/^pass/, 'a feeder');
	is(Odr::Drill::check_of($record, 'ask')->{message}, 'it said nothing', 'gives nothing else, and nowhere else');
};

$drills->ok_evidence;
done_testing;
