#!/usr/bin/perl
# What lies in etc/ works where it is put: the units verify, the example is a configuration, the lines of the cron example
# and of the units are commands of the program.
use strict;
use warnings;
use File::Temp;
use JSON::PP;
use Cwd 'abs_path';
use Test::More;

my $source = abs_path($ENV{ODR_SRC} // '.');
chdir $source or die "cannot enter $source: $!\n";

my ($program) = grep { -x } map { "$_/odrbackup" }
    (defined $ENV{ODR_PREFIX} ? "$ENV{ODR_PREFIX}/bin" : ()), "$source/build/plain";
my $bindir = defined $program ? $program =~ s{/[^/]+$}{}r : '/usr/bin';

sub text_of {
	my ($path) = @_;
	open my $file, '<', $path or die "cannot read $path: $!\n";
	local $/;
	return scalar <$file>;
}

sub have { my ($name) = @_; return grep { -x "$_/$name" } split /:/, $ENV{PATH} }

# The templates as make has filled them in, and as they would be in an installation whose program is here.
my $build = $ENV{ODR_BUILD} // "$source/build/plain";
my $made_for = -e "$build/Makefile" ? (split ' ', qx(make -s -C '$build' print-bindir))[-1] : undef;
my $dir = File::Temp->newdir;
my %built;
for my $template (glob 'etc/*.in') {
	my ($name) = $template =~ m{([^/]+)\.in$};
	$built{$name} = text_of($template) =~ s/\@bindir\@/$bindir/gr;
	unlike($built{$name}, qr/\@[a-z]+dir\@/, "$template: every path is one that make puts in");
	open my $file, '>', "$dir/$name" or die "cannot write $dir/$name: $!\n";
	print $file $built{$name};
	close $file;
	SKIP: {
		skip 'nothing is built', 1 unless defined $made_for && -e "$build/etc/$name";
		is(text_of("$build/etc/$name"), text_of($template) =~ s/\@bindir\@/$made_for/gr, "make puts every path into $template");
	}
}

for my $timer (grep { /\.timer$/ } sort keys %built) {
	ok($built{ $timer =~ s/\.timer$/.service/r }, "$timer has its service");
}

for my $service (grep { /\.service$/ && !/^odrbackup-notify\@/ } sort keys %built) {
	like($built{$service}, qr/^OnFailure=odrbackup-notify\@%n\.service$/m, "that $service failed is told");
}

# The drop-in that is an example, in force.
mkdir "$dir/odrbackup-drill\@.service.d";
open my $drop_in, '>', "$dir/odrbackup-drill\@.service.d/private.conf" or die "cannot write the drop-in: $!\n";
print $drop_in text_of('etc/odrbackup-drill-private.conf') =~ s/^#(?=[A-Z]\w+=)//mgr;
close $drop_in;

SKIP: {
	my @units = map { s/@/\@erp-prod/r } grep { /\.(?:service|timer)$/ } sort keys %built;
	skip 'systemd-analyze is not installed, or there is no program', 1 unless have('systemd-analyze') && $program;
	# Man pages are not installed, and users need not exist.
	my $output = qx(cd '$dir' && SYSTEMD_UNIT_PATH='$dir:' systemd-analyze verify --man=no @units 2>&1);
	my @complaints = grep { /odrbackup-\w+\@/ } split /^/, $output;
	is(join('', @complaints), '', 'the units verify');
	is($?, 0, 'systemd-analyze is content') or diag($output);
	# What a service is exposed to, from 0 to 100: what loosens one is looked at by somebody.
	for my $unit (grep { /\.service$/ } @units) {
		my ($template) = $unit =~ s/\@\K[^.]*//r;
		my $rated = qx(systemd-analyze security --offline=true --no-pager --threshold=30 '$dir/$template' 2>&1);
		is($?, 0, "$template is confined") or diag((split /\n/, $rated)[-1]);
	}
}

SKIP: {
	skip 'there is no program', 1 unless $program;

	# A configuration that others write is still read; bundles and folders need not exist for that.
	my $shown = qx('$program' -c etc/odrbackup.conf config show --json);
	is($?, 0, 'the example is a configuration');
	my %given = map { ("$_->{group} $_->{key}" => 1) }
	    grep { $_->{origin} ne 'default' } @{ decode_json($shown)->{settings} };
	ok($given{'service erp-prod repositories'}, 'it has a service');

	my %command;
	open my $table, '-|', $program, '--dump-options' or die "cannot run $program: $!\n";
	while (my $line = <$table>) {
		my ($command, $option) = split /\t/, $line;
		$command{$command}{$option} = 1;
	}
	close $table;
	my @lines = map { /^(?:ExecStart=|#.*\s)\Q$bindir\E\/odrbackup (.+)$/mg } map { $built{$_} } sort keys %built;
	ok(@lines >= 4, 'units and cron example call the program');
	for my $line (@lines) {
		my @words = grep { !/^-q$/ } split ' ', $line =~ s/--lock-wait \S+//r;
		my @plain = grep { !/^-/ } @words;
		my ($command) = grep { $command{$_} } map { join ' ', @plain[0 .. $_] } reverse 0 .. ($#plain < 2 ? $#plain : 2);
		ok(defined $command, "'$line' begins with a command") or next;
		ok(!(grep { /^--/ && !$command{'-'}{$_} && !$command{$command}{$_} } @words), "options of '$line' exist");
	}
}

done_testing();
