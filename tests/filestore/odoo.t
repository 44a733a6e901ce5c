#!/usr/bin/perl
# Real Odoo databases in use: whatever moment is asked for, the database of then finds every file it names, with files written,
# rows deleted and files collected all the time, and captures and WAL going on. And no tenant gets another's.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Time::HiRes qw(time utime);

use Odr::Odoo;
use Odr::Site;
use Odr::Work;

for my $needed (map { Odr::Odoo::data_of($_) } qw(odoo17 odoo16)) {
	plan skip_all => "needs ../shared/$needed" if !defined shared_path($needed);
}

my $seed = $ENV{ODR_SEED} // int(time * 1000) % 1_000_000_000;
diag "ODR_SEED=$seed";
srand $seed;

# WAL of the loading is not of interest.
my $site = Odr::Site->new(version => 15, archive => 0, cluster => { conf => { archive_command => '/bin/true' } });
my $root = new_dir($site->path('filestore'), 0755);
$site->{sections}{ 'service ' . $site->service } = { filestore => $root, 'filestore-shrink' => 100 };
$site->create;
my $cluster = $site->cluster;
my %tenant = map { $_->[0] => Odr::Odoo->new(cluster => $cluster, database => $_->[0], filestore => $root)->load($_->[1]) }
  (['erp', 'odoo17'], ['depot', 'odoo16']);
is(scalar($tenant{erp}->names), 613, 'a real database names its files');
$site->start_archiving;
$site->backup('database and filestore, at rest');

sub sha1_trouble {
	my ($folder, @names) = @_;
	my $list = join '', map { m{/(.*)} ? "$1  $folder/$_\n" : die "'$_' is no name\n" } @names;
	my $check = run_program(['sha1sum', '--check', '--quiet'], stdin => $list, user => 'root');
	return $check->ok ? '' : $check->out . $check->err;
}

sub format_time {
	my ($time) = @_;
	my ($second, $minute, $hour, $day, $month, $year) = gmtime $time;
	return sprintf '%04d-%02d-%02d %02d:%02d:%09.6f+00', $year + 1900, $month + 1, $day, $hour, $minute,
	  $second + $time - int $time;
}

# In use.
my $captured = write_file($site->path('captured'), '', 0644);
my %use;
for my $name (sort keys %tenant) {
	my $log = write_file($site->path("use-$name"), '', 0666);
	my $program = start_program(['perl', '-I', source_path('tests/lib'), source_path('tests/lib/odoo/use.pl'),
			$cluster->conninfo($name), $tenant{$name}->folder, $seed + length $name, $captured], out => $log);
	$use{$name} = { program => $program, log => $log };
}

sub done_by {
	my ($use, $what) = @_;
	return scalar(() = read_file($use->{log}) =~ /^\Q$what\E$/mg);
}

# So much more is done before the next capture, and so much again before the end.
sub wait_for_use {
	my (%before) = map { $_ => done_by($use{$_}, 'upload') } keys %use;
	poll_until('both tenants are in use', sub {
			$use{$_}{program}->running or die "use of $_ ended: " . read_file($use{$_}{log}) for keys %use;
			return !grep { done_by($use{$_}, 'upload') < $before{$_} + 10 } keys %use;
		}, 60);
}

sub capture {
	my (@arguments) = @_;
	my $began = time;
	$site->tool_ok(['backup', $site->service, @arguments], "a capture in use: @arguments");
	utime $began, $began, $captured;
	return $began;
}

my $first = time;
my $last;
for my $number (1 .. 6) {
	wait_for_use();
	$site->tool_ok(['mark', $site->service, 'month-end'], 'a mark') if $number == 3;
	$last = capture($number == 4 ? () : ('--part', 'filestore'));
}
wait_for_use();
for my $name (sort keys %use) {
	$use{$name}{program}->signal('TERM');
	my $ended = $use{$name}{program}->wait(30);
	ok($ended->ok, "$name was in use to the end") or diag read_file($use{$name}{log});
	my %done = map { $_ => done_by($use{$name}, $_) } qw(upload remove collect);
	my $collected = () = read_file($use{$name}{log}) =~ /^collected /mg;
	diag "$name: $done{upload} uploads, $done{remove} removals, $done{collect} collections that took $collected files";
	ok($collected > 0, 'and its files were collected while captures went on');
}
capture('--part', 'filestore');
$cluster->archive_now;

my @targets = map { ['time', format_time($first + rand($last - $first))] } 1 .. (full_run() ? 6 : 2);
push @targets, ['name', 'month-end'];
my %then;
for my $number (0 .. $#targets) {
	my ($type, $target) = @{ $targets[$number] };
	subtest "$type $target" => sub {
		my $files = $site->path("files-$number");
		my $copy = $site->recover("copy-$number", '--filestore', $files, '--type', $type, '--target', $target);
		for my $name (sort keys %tenant) {
			my @names = $tenant{$name}->names($copy);
			$then{$name} = \@names;
			cmp_ok(scalar @names, '>', 100, "$name names files");
			is(sha1_trouble("$files/$name", @names), '', 'each of them is there, and has the SHA-1 of its name');
		}
		my $proof = $site->tool_ok(['verify', 'filestore', $site->service, '--filestore', $files, '--postgres', $copy->conninfo],
			'the tool finds the same');
		is(scalar(() = $proof->out =~ /every file that the database names is there and right/g), 2, 'of both databases');
		$copy->stop('immediate');
		run_program(['rm', '-rf', $files, $copy->pgdata], user => 'root');
	};
}

# The last target again, of one tenant.
my $place = new_dir($site->path('place'), 0755);
$site->tool_ok(['restore', $site->service, '--database', 'erp', '--as', 'erp-then', '--filestore', $place, '--type', 'name',
		'--target', 'month-end'], 'one tenant');
my @files = sort map { s{^\Q$place/erp-then/}{}r } glob "$place/erp-then/*/*";
is_deeply(\@files, $then{erp}, 'has the files that its database names, and none of the other tenant');
is(sha1_trouble("$place/erp-then", @files), '', 'and they are right');
is($cluster->psql('SELECT count(DISTINCT store_fname) FROM ir_attachment WHERE store_fname IS NOT NULL', 'erp-then'),
	scalar @files, 'its database is that of then');
is_deeply([glob "$place/*"], ["$place/erp-then"], 'and nothing else is there');

done_testing();
