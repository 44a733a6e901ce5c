#!/usr/bin/perl
# Real data of Odoo 17 and 16 side by side, changed all the time, with WAL, captures of the filestore and anchors running beside:
# drills to random moments pass, and moments of anchors show the figures that were taken at the source, exactly or in bounds.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Test::More;

use Odr::Drill;
use Odr::Odoo;
use Odr::Site;
use Odr::Work;

my %data = (shop => 'odoo17', elder => 'odoo16');
my ($missing) = grep { !defined shared_path($_) } map { Odr::Odoo::data_of($_) } values %data;
plan skip_all => "needs ../shared/$missing" if defined $missing;

my $site = Odr::Site->new(version => 15, cluster => { conf => { max_wal_size => '2GB' } }, evidence => 1);
my $root = new_dir($site->path('filestore'), 0755);
my $service = $site->service;
$site->{sections}{odrbackup} = { drills => $site->path('plans') };
$site->{sections}{"service $service"} = { filestore => $root, config => 'none' };
$site->start_cluster;
my $source = $site->cluster;
my %odoo = map { $_ => Odr::Odoo->new(cluster => $source, database => $_, filestore => $root)->load($data{$_}) } sort keys %data;
$site->write_conf->make_keys->init_repository->start_archiving;
$site->backup('both databases and their files');

# Both sides of a posted entry by the same amount: its figures move, and stay right.
my $book = <<'SQL';
\set amount random(1, 100)
UPDATE account_move_line l SET debit = debit + :amount * sign(debit), credit = credit + :amount * sign(credit), balance = balance + :amount * sign(balance)
WHERE move_id = (SELECT move_id FROM account_move_line WHERE parent_state = 'posted' AND abs(balance) > 0 GROUP BY move_id HAVING count(*) = 2 ORDER BY move_id LIMIT 1);
SQL
my %check = (
	'check balanced' => { type => 'sql', sql => 'builtin:account-balanced', gate => 'true' },
	'check trial-balance' => { type => 'sql', sql => 'builtin:trial-balance', expect => 'anchor', gate => 'true' },
	'check users' => { type => 'sql', sql => 'builtin:login-users', gate => 'true' },
);
my $drills = Odr::Drill->new(site => $site, usual => { select => { margin => '0s' }, evidence => { key => 'evidence' }, %check });
my $anchored = $drills->plan('anchored', select => { target => 'anchor:random' });

my @load = map { $source->pgbench(database => $_, clients => 2, rate => 20, script => $book) } sort keys %data;
my (%uploaded, @anchors);
for my $round (1 .. 3) {
	push @{ $uploaded{$_} }, $odoo{$_}->upload("while it works, $round") for sort keys %data;
	$site->tool_ok(['backup', $service, '--part', 'filestore'], "capture $round");
	my $made = $site->tool('anchor', 'create', $service, "round-$round");
	ok($made->status == 0 || $made->status == 3, "anchor $round") or diag $made->describe;
	push @anchors, "round-$round";
}
ok($_->running, 'changes went on all the while') for @load;
$_->stop for @load;
$source->archive_now;
$site->tool_ok(['backup', $service, '--part', 'filestore'], 'all files');

# Another plan is another draw.
for my $number (1 .. 3) {
	my ($record) = $drills->run($drills->plan("random-$number", select => { target => 'random' }, 'check trial-balance' => undef), [], 0, qr/^pass/, "random moment $number");
	is($record->{draw}{operator_chosen}, JSON::PP::false(), 'that nobody chose');
	is(scalar(grep { $_->{name} eq 'balanced' && $_->{status} eq 'pass' } @{ $record->{checks} }), 2, 'the books of both are balanced');
	is($record->{filestore}{missing}, 0, 'no file that they name lacks');
}
my %differs;
for my $anchor (@anchors) {
	my $id = $site->json('anchor', 'show', $anchor)->{anchor};
	my ($record) = $drills->run($anchored, ['--target', "anchor:$id"], 0, qr/^pass/, $anchor);
	my @balances = grep { $_->{name} eq 'trial-balance' } @{ $record->{checks} };
	diag explain [$anchor, $record->{arrival}, $record->{deviations}, map { my $a = $_; +{ map { $_ => $a->{$_} } qw(anchor lsn timeline name time) } } @{ $site->json('anchor', 'list')->{anchors} }] if $record->{outcome} !~ /^pass/;
	is_deeply([map { "$_->{database} $_->{status}" } sort { $a->{database} cmp $b->{database} } @balances], ['elder pass', 'shop pass'], "the trial balances of both are those of $anchor");
}
my ($drawn) = $drills->run($anchored, [], 0, qr/^pass/, 'an anchor that is drawn');
diag explain [$drawn->{draw}, $drawn->{arrival}] if $drawn->{outcome} !~ /^pass/;

$drills->ok_nothing_left('all');
$drills->ok_evidence;
done_testing;
