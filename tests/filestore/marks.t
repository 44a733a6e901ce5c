#!/usr/bin/perl
# A mark of a service without a cluster is a time: its filestore comes back to it, also by a recovery kit, and after the
# catalog was lost.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Digest::SHA qw(sha1_hex);

use Odr::Site;
use Odr::Tool;
use Odr::Work;

my $site = Odr::Site->new(version => 15, archive => 0);
my $root = new_dir($site->path('filestore'), 0755);
$site->{sections}{ 'service ' . $site->service } = { postgres => 'none', filestore => "shop:$root" };
$site->create;
my $service = $site->service;

sub put {
	my ($content) = @_;
	my $sha1 = sha1_hex($content);
	my $folder = new_dir("$root/" . substr($sha1, 0, 2), 0755);
	return write_file("$folder/$sha1", $content, 0644) =~ s{^\Q$root\E/}{}r;
}


sub capture { return $site->tool_ok(['backup', $service, '--part', 'filestore'], 'a capture') }

my $before = put('before the mark');
capture();
my $marked = $site->tool_ok(['mark', $service, 'month-end', '--note', 'closed'], 'a mark');
like($marked->out, qr/^Mark 'month-end': \d{4}-/, 'has no position');
my $made = $site->json('list', '--marks')->{marks}[0];
is($made->{lsn}, undef, 'as is listed');
unlink "$root/$before";
my $after = put('after the mark');
capture();
my @target = ('--type', 'name', '--target', 'month-end');

# Of a filestore all around the moment is taken: what was there, and what came just behind it.
sub ok_restored {
	my ($name, @options) = @_;
	my $folder = $site->path($name);
	tool_ok([@options, '--part', 'filestore', '--filestore', $folder, @target], "$name: the filestore at the mark");
	is(read_file("$folder/shop/$before"), 'before the mark', 'has what was removed after it');
}

ok_restored('plain', '-c', $site->conf, 'restore', $service);
my $newest = $site->path('newest');
$site->tool_ok(['restore', $service, '--part', 'filestore', '--filestore', $newest], 'the newest');
ok(!-e "$newest/shop/$before", 'has it no more');

subtest 'refused' => sub {
	$site->tool_fails(['restore', $service, '--part', 'filestore', '--filestore', $site->path('none'), '--type', 'name', '--target', 'no-such'], 7,
		qr/there is no mark 'no-such' in repository main; odrbackup list --marks shows them/, 'a mark that there is not');
	ok(!-e $site->path('none'), 'touches nothing');
};

subtest 'of a pipeline' => sub {
	my $hook = sub {
		my ($environment, @arguments) = @_;
		return run_program([source_path('contrib/ci/mark-deployment'), @arguments],
			env => { ODRBACKUP => tool_path() . ' -c ' . $site->conf, %$environment });
	};
	my %pipeline = (CI_PIPELINE_ID => 4711, CI_COMMIT_SHA => '0123456789abcdef', CI_PROJECT_PATH => 'erp/odoo');
	ok($hook->(\%pipeline, $service)->ok, "time $_: a mark") for 1, 2;
	ok($hook->({}, $service, "it's mine")->ok, 'one with a name');
	is($hook->({}, $service)->status, 2, 'without pipeline and name there is none');
	my @marks = @{ $site->json('list', '--marks')->{marks} };
	is_deeply([sort map { $_->{name} } @marks], ['deploy-4711-0123456789', 'deploy-4711-0123456789-2', "it's mine", 'month-end'],
		'each has a name of its own');
	is((grep { $_->{name} eq 'deploy-4711-0123456789' } @marks)[0]{note}, 'erp/odoo, commit 0123456789abcdef', 'and what it is of');
};

subtest 'the catalog is lost' => sub {
	ok(unlink($site->path('state', 'catalog.db')), 'it is gone');
	$site->tool_ok(['catalog', 'rebuild', $service], 'rebuilt');
	my $marks = $site->json('list', '--marks')->{marks};
	is_deeply([map { [@$_{qw(name note)}] } grep { $_->{name} eq 'month-end' } @$marks], [['month-end', 'closed']], 'it knows the mark again, with its note');
};

subtest 'a recovery kit' => sub {
	my $kit = $site->path('kit');
	my $pass = write_file($site->path('pass'), "correct horse battery staple\n", 0600);
	$site->tool_ok(['kit', 'create', $kit, '--owner', $site->owner, '--identity', $site->identity, '--new-passphrase-file', $pass], 'made');
	my $listed = tool('list', '--marks', '--kit', $kit, '--passphrase-file', $pass, '--json');
	ok((grep { $_->{name} eq 'month-end' } @{ $listed->json->{marks} }), 'lists the mark') or diag $listed->describe;
	ok_restored('kit-files', 'restore', '--kit', $kit, '--passphrase-file', $pass);
};

done_testing();
