#!/usr/bin/perl
# Uses a database and its filestore as Odoo does, until SIGTERM: files are written, then the rows that name them; rows go, and
# their files are marked; the collector takes marked files that no row names.
#
#   use.pl CONNINFO FOLDER SEED CAPTURED
#
# Odoo collects once a day, and captures are made far more often. Here both are hurried, and CAPTURED keeps their order: a file
# that has the time at which the last capture that is over was begun. Marks that are younger wait for a later collection.
# Writes a line for each thing done, and ends with status 0.
use strict;
use warnings;

use Digest::SHA qw(sha1_hex);
use File::Path qw(make_path);
use IPC::Open2 qw(open2);
use Time::HiRes qw(stat);

use Odr::Cluster;

my ($conninfo, $folder, $seed, $captured) = @ARGV;
my $stopped = 0;
# Times of files are those of the last tick of the kernel's clock.
use constant TICK => 0.02;

$SIG{TERM} = sub { $stopped = 1 };
$| = 1;
srand $seed;
my $psql = open2(my $answers, my $questions, Odr::Cluster::client('psql'), qw(-X -q -A -t -v ON_ERROR_STOP=1 -d), $conninfo);
$questions->autoflush(1);

sub sql {
	my ($sql) = @_;
	print $questions "$sql;\n\\echo === done\n";
	my @rows;
	while (my $row = <$answers>) {
		chomp $row;
		return @rows if $row eq '=== done';
		push @rows, $row;
	}
	die "psql ended in: $sql\n";
}

sub mark {
	my ($name) = @_;
	make_path("$folder/checklist/" . substr $name, 0, 2);
	unlink "$folder/checklist/$name";
	open my $mark, '>', "$folder/checklist/$name" or die "cannot mark '$name': $!\n";
}

# Straight to its final name, in two steps.
sub write_attachment {
	my ($content) = @_;
	my $sha1 = sha1_hex($content);
	my $name = substr($sha1, 0, 2) . "/$sha1";
	if (!-e "$folder/$name") {
		make_path("$folder/" . substr $sha1, 0, 2);
		open my $file, '>', "$folder/$name" or die "cannot write '$name': $!\n";
		$file->autoflush(1);
		my $half = int(length($content) / 2);
		print $file substr $content, 0, $half;
		sql('SELECT pg_sleep(0.002)');
		print $file substr $content, $half;
		close $file or die "cannot write '$name': $!\n";
	}
	mark($name);
	return ($name, $sha1);
}

sub content {
	my $size = rand() < 0.05 ? 600_000 + int rand 1_500_000 : 1 + int rand 20_000;
	return pack 'N*', map { int rand 2**32 } 1 .. $size / 4 + 1;
}

my @again; # content that comes a second time
my %do = (
	upload => sub {
		sql('BEGIN');
		for (1 .. 1 + int rand 3) {
			my $content = @again && rand() < 0.1 ? $again[rand @again] : content();
			my ($name, $sha1) = write_attachment($content);
			sql("INSERT INTO ir_attachment (name, type, store_fname, checksum, file_size, res_model) VALUES "
				. "('upload', 'binary', '$name', '$sha1', " . length($content) . ", 'account.move')");
			push @again, $content if @again < 20;
		}
		sql('COMMIT');
	},
	remove => sub {
		sql('BEGIN');
		mark($_) for sql("DELETE FROM ir_attachment WHERE id IN (SELECT id FROM ir_attachment WHERE store_fname IS NOT NULL "
				. "ORDER BY name = 'upload' DESC, random() LIMIT " . (1 + int rand 4) . ') RETURNING store_fname');
		sql('COMMIT');
	},
	collect => sub {
		sql('BEGIN');
		sql("SET LOCAL lock_timeout = '10s'");
		my ($job) = sql("SELECT c.id FROM ir_cron c JOIN ir_model_data d ON d.model = 'ir.cron' AND d.module = 'base' "
				. "AND d.name = 'autovacuum_job' AND d.res_id = c.id FOR NO KEY UPDATE OF c SKIP LOCKED");
		return sql('ROLLBACK') if !defined $job;
		sql('LOCK TABLE ir_attachment IN SHARE MODE');
		my %named = map { $_ => 1 } sql('SELECT DISTINCT store_fname FROM ir_attachment WHERE store_fname IS NOT NULL');
		my $end = (stat $captured)[9] - TICK;
		for my $mark (glob "$folder/checklist/*/*") {
			my ($name) = $mark =~ m{checklist/(.*)};
			next if !$named{$name} && (stat $mark)[9] > $end;
			print "collected $name\n" if !$named{$name} && unlink "$folder/$name";
			unlink $mark;
		}
		sql("UPDATE ir_cron SET lastcall = now() AT TIME ZONE 'utc' WHERE id = $job");
		sql('COMMIT');
	},
);

until ($stopped) {
	my $chosen = rand() < 0.5 ? 'upload' : rand() < 0.8 ? 'remove' : 'collect';
	$do{$chosen}->();
	print "$chosen\n";
}
close $questions;
waitpid $psql, 0;
exit $? >> 8;
