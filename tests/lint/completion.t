#!/usr/bin/perl
# The completion for bash offers every command and option of the program's table, and what may follow an option.
use strict;
use warnings;
use File::Temp;
use Test::More;

my $source = $ENV{ODR_SRC} // '.';
my ($program) = grep { -x } map { "$_/odrbackup" }
    (defined $ENV{ODR_PREFIX} ? "$ENV{ODR_PREFIX}/bin" : ()), "$source/build/plain";
plan skip_all => 'there is no program' unless $program;

my $dir = File::Temp->newdir;
my $script = "$dir/completion.bash";
is(system("'$program' --dump-completion >'$script'"), 0, 'the program prints its completion');

# What bash would offer at the end of these words; the last one is what was typed so far.
sub offered {
	my (@words) = @_;
	my $line = join ' ', map { s/'/'\\''/gr =~ s/(.*)/'$1'/r } 'odrbackup', @words;
	my $bash = <<"BASH";
. '$script'
complete -p odrbackup >/dev/null || exit 1
COMP_WORDS=($line)
COMP_CWORD=${\ scalar @words}
_odrbackup
[ "\${#COMPREPLY[@]}" = 0 ] || printf '%s\\n' "\${COMPREPLY[@]}"
BASH
	open my $pipe, '-|', 'bash', '--norc', '-euc', $bash or die "cannot run bash: $!\n";
	my @offered = map { s/\n//r } <$pipe>;
	ok(close $pipe, "completion of '@words' runs without an error") or return;
	return sort @offered;
}

my (%options, %choices);
open my $table, '-|', $program, '--dump-options' or die "cannot run $program: $!\n";
while (my $line = <$table>) {
	chomp $line;
	my ($command, $option, $argument) = split /\t/, $line;
	$options{$command} //= [];
	push @{ $options{$command} }, $option if length $option;
	$choices{$option} = [sort split /\|/, $argument] if ($argument // '') =~ /\|/ && length $option;
}
close $table;
my @globals = @{ delete $options{'-'} };
ok(@globals && keys %options, 'the program prints its table');

my %first = map { (split ' ')[0] => 1 } keys %options;
is_deeply([offered('')], [sort keys %first], 'the first words of all commands');
is_deeply([offered('rest')], ['restore'], 'the beginning of a word narrows them');
is_deeply([offered('--config', '/etc/x', 'rest')], ['restore'], 'options may come first, with their arguments');
is_deeply([offered('key', 'new', '')], ['evidence', 'identity', 'owner'], 'a command of three words');

for my $command (sort keys %options) {
	is_deeply([offered((split ' ', $command), '--')], [sort @{ $options{$command} }, @globals], "options of '$command'");
}
for my $option (sort keys %choices) {
	my ($command) = grep { my $name = $_; grep { $_ eq $option } @{ $options{$name} } } sort keys %options;
	is_deeply([offered((split ' ', $command // 'restore'), $option, '')], $choices{$option}, "what may follow $option");
}
is_deeply([offered(@$_, "$dir/comp")], [$script], "files and folders, behind '@$_'")
    for ['restore', '--pgdata'], ['--identity'], ['key', 'list'], ['kit', 'test'], ['kit', 'create', 'x', '--owner'],
    ['key', 'add-recipient', 'x'];

open my $conf, '>', "$dir/odrbackup.conf" or die "cannot write the configuration: $!\n";
print $conf "[odrbackup]\nstate=/s\n[service erp-prod]\nrepositories=r\n[service shop] \nrepositories=r\n[tier shop]\n";
close $conf;
my @named = ('-c', "$dir/odrbackup.conf");
is_deeply([offered(@named, @$_, '')], ['erp-prod', 'shop'], "services, behind '@$_'")
    for ['catalog', 'rebuild'], ['--confirm'], ['archive-push', '--service'], ['key', 'test', 'x'];
is_deeply([offered(@named, 'restore', 'sh')], ['shop'], 'the beginning of a name narrows them');
is_deeply([offered('-c', "$dir/none", 'catalog', 'rebuild', '')], [], 'none where there is no configuration');

SKIP: {
	skip 'shellcheck is not installed', 1 unless grep { -x "$_/shellcheck" } split /:/, $ENV{PATH};
	my $output = qx(shellcheck -s bash '$script' 2>&1);
	is($output, '', 'shellcheck has no complaint');
}

done_testing();
