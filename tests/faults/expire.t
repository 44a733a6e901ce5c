#!/usr/bin/perl
# An expire that fails or dies anywhere leaves every listed set whole; the next one goes on.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Faults;
use Odr::Tool;
use Odr::Work;

my $site = small_site(sections => { 'service erp-prod' => { tier => 'short' },
		'tier short' => { retain => '1h', 'backup-every' => '1min', 'generation-length' => '1h', 'retain-least' => 1 } });
has_command($site, 'expire') or plan skip_all => 'there is no command expire yet';
my $promise = Odr::Faults->new($site);
my $repository = $site->repository;
my $state = $site->path('state');
my ($kept, $kept_state) = map { $site->path($_) } qw(kept-repository kept-state);

# Ten days ago, by the host's clock and the store's: three sets, and what a run left that died.
my $ago = { env => { ODR_FAULT_CLOCK => -10 * 86400 } };
$site->backup("backup $_", $ago) for 1 .. 3;
my @old = $promise->set_ids;
$site->tool_ok(['mark', $site->service, 'long ago'], 'a mark of then', $ago);
my $log = write_file(work_path('died.log'), '', 0666);
my $died = $site->tool($site->backup_arguments, { env => { %{ $ago->{env} }, ODR_FAULT => 'step:6:kill', ODR_FAULT_LOG => $log } });
is($died->died_of, 9, 'a run that died before its manifest');
sub drafts { return run_program(['find', $repository, '-name', '.*.tmp'], user => 'root')->out =~ /(.+)\n/g }
for my $k (1 .. 9) {
	$site->tool($site->backup_arguments, { env => { %{ $ago->{env} }, ODR_FAULT => "file.rename:$k:kill", ODR_FAULT_LOG => $log } });
	last if drafts();
}
# The other worker may have been at one, too.
my $drafts = () = drafts();
ok($drafts > 0, 'another died while it wrote an object');
ok(run_program(['find', $repository, '-type', 'f', '-exec', 'touch', '-d', '10 days ago', '{}', '+'])->ok, 'ten days pass');
run_program(['touch', '-d', '11 days ago', glob "$repository/*/mark/*"]);
$site->backup('a backup of today');
$site->tool_ok(['catalog', 'rebuild', $site->service], 'the catalog is as on a host that ran on');
$promise->ok_sets('before');

sub save { run_program(['rm', '-rf', $_[1]], user => 'root'); run_program(['cp', '-a', $_[0], $_[1]])->ok or die }
save($repository, $kept);
save($state, $kept_state);
sub before { save($kept, $repository); save($kept_state, $state) }

sub left { my @left = run_program(['find', $repository, '-type', 'f', '-printf', '%P\n'], user => 'root')->out =~ /(.+)\n/g; return sort @left }

my $plan = $site->tool_ok(['expire', $site->service, '--plan'], 'a plan');
like($plan->out, qr/ and $drafts files? \(.+\) of writers that died$/m, 'it knows what a dead writer left');
is(scalar $promise->stored_ids, 4, 'which removes nothing');
my $whole = $site->tool_ok(['expire', $site->service], 'without faults');
like($whole->err . $whole->out, qr/, 1 mark /, 'it tells of the mark that went') or diag $whole->describe;
is_deeply([map { $_->{name} } @{ $site->json('list', '--marks')->{marks} }], [], 'which is listed no more');
is_deeply([drafts()], [], 'what the dead writer left is gone');
my @expected = left();
my @stay = $promise->stored_ids;
cmp_ok(scalar @stay, '<', 4, 'sets expire') or diag $whole->describe;
cmp_ok(scalar @stay, '>=', 1, 'but not the newest');
$promise->forget->ok_sets('after an expire without faults', start => 1);

sub sweep {
	my ($point, $action, $allowed, %option) = @_;
	return fault_sweep('expire', point => $point, action => $action, before => \&before,
		run => sub { $site->tool('expire', $site->service, $_[0]) },
		check => sub {
			my ($k, $result) = @_;
			my $name = "$action at $point $k";
			ok($result->died_of || grep({ $result->status == $_ } @$allowed), "$name: status is one of @$allowed") or diag $result->describe;
			$promise->forget->ok_sets($name);
			my $again = $site->tool('expire', $site->service);
			ok($again->ok, "$name: the next one finishes") or diag $again->describe;
			is_deeply([left()], \@expected, "$name: and leaves exactly what is needed");
			is_deeply([sort $promise->set_ids], \@stay, "$name: which is what is listed");
		}, %option);
}

# 0 or 3: what cannot be removed is left for the next time.
sweep('store.delete', 'fail', [1, 3], stride => every(8));
sweep('store.delete', 'kill', [], stride => every(5));
sweep('store.list', 'fail', [1]);
sweep('store.get', 'fail', [1]);
sweep('store.get', 'kill', []);
sweep('store.delete', 'stop', [0, 143], stride => every(12));

subtest 'and backups go on' => sub {
	$site->backup('the next backup');
	$promise->ok_sets('after expire and backup', start => 1);
	$promise->ok_no_session('after expire');
};

done_testing;
