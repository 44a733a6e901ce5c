#!/usr/bin/perl
# The manuals are clean mdoc, and say exactly what the program's tables say: every option of every command is in
# the page of its family, every key with its default in odrbackup.conf(5), and no page has one that does not exist.
use strict;
use warnings;
use File::Temp;
use JSON::PP;
use Test::More;

my $source = $ENV{ODR_SRC} // '.';
chdir $source or die "cannot enter $source: $!\n";

my ($program) = grep { -x } map { "$_/odrbackup" }
    (defined $ENV{ODR_PREFIX} ? "$ENV{ODR_PREFIX}/bin" : ()), "$source/build/plain";

# What a page documents: its commands by the synopsis, its options by the lists.
sub read_page {
	my ($path) = @_;
	my %page = (path => $path, commands => {}, options => {});
	my $section = '';

	open my $file, '<', $path or die "cannot read $path: $!\n";
	while (my $line = <$file>) {
		$section = $1 if $line =~ /^\.Sh\s+(.+?)\s*$/;
		if ($section eq 'SYNOPSIS' && $line =~ /^\.Nm\s+"?odrbackup\b[" ]*(.*)$/) {
			my @words;
			for my $word (split ' ', $1) {
				$word =~ tr/"//d;
				next if $word eq 'Cm';
				last unless $word =~ /^[a-z][a-z0-9-]*$/;
				push @words, $word;
			}
			$page{commands}{"@words"} = 1;
		}
		if ($line =~ /^\.It\s+(.*Fl\b.*)$/) {
			my $item = $1;
			$page{options}{$1} = $. while $item =~ /\bFl\s+Fl\s+([a-z0-9-]+)/g;
		}
	}
	return \%page;
}

# command => {option => argument}; what belongs to every command stands under ''.
sub read_table {
	my %table;

	return unless $program;
	open my $pipe, '-|', $program, '--dump-options' or return;
	while (my $line = <$pipe>) {
		chomp $line;
		my ($command, $option, $argument) = split /\t/, $line;
		return unless defined $option;
		$command = '' if $command =~ /^(?:-|\*|odrbackup)$/;
		$option =~ s/^-+//;
		$table{$command}{$option} = $argument if length $option;
		$table{$command} //= {};
	}
	close $pipe or return;
	return keys %table ? \%table : undef;
}

# The page that the command's own help names, as in "odrbackup-key(1)".
sub page_of_help {
	my ($command) = @_;
	open my $pipe, '-|', $program, (split ' ', $command), '--help' or die "cannot run $program: $!\n";
	my ($name, $section) = join('', <$pipe>) =~ /^Manual: (\S+)\((\d)\)$/m;
	close $pipe;
	return defined $name ? "man/$name.$section" : 'none';
}

# kind of group => {key => default, undef where there is none}, as documented.
sub documented_settings {
	my (%settings, $kind, $item);

	open my $file, '<', 'man/odrbackup.conf.5' or die "cannot read odrbackup.conf(5): $!\n";
	while (my $line = <$file>) {
		($kind, $item) = ($1, undef) if $line =~ /^\.Ss \[(\w+)/;
		undef $kind if $line =~ /^\.Sh /;
		next unless defined $kind;
		$settings{$kind}{$item = $1} = undef if $line =~ /^\.It Cm ([\w-]+) Ns = Ns /;
		next unless defined $item && $line =~ /^Default:(.*)$/;
		$settings{$kind}{$item} = length $1 ? 'in words' : <$file> =~ /^\.Ql (.*?)(?: \.)?$/ ? $1 : 'unreadable';
	}
	return \%settings;
}

# The same from the program, by a configuration that says no more than it has to.
sub settings_of_program {
	my %required = (repository => { path => '/r' }, service => { repositories => 'r' }, collect => { type => 'host' },
		process => { service => 's' }, notify => { type => 'command', command => '/c' },
		exemption => { service => 's', objective => 'rpo', reason => 'r', approver => 'a', expires => '2027-01-01T00:00:00Z' });
	my $conf = File::Temp->new;
	my %settings;

	for my $kind (sort keys %required) {
		my $name = substr $kind, 0, 1;
		print $conf "[$kind $name]\n", map { "$_=$required{$kind}{$_}\n" } sort keys %{ $required{$kind} };
	}
	close $conf;
	open my $pipe, '-|', $program, '-c', $conf->filename, 'config', 'show', '--json' or return;
	my $document = eval { decode_json(join '', <$pipe>) };
	close $pipe or return;
	for my $setting (@{ $document->{settings} }) {
		my ($kind) = split ' ', $setting->{group};
		$settings{$kind}{ $setting->{key} } = $setting->{value};
		undef $settings{$kind}{ $setting->{key} } if exists $required{$kind}{ $setting->{key} };
	}
	$settings{odrbackup}{workers} = 'in words';
	# Wherever it was built for.
	$settings{odrbackup}{drills} =~ s{^.*(?=/odrbackup/drills\.d$)}{/etc};
	return \%settings;
}

sub read_source {
	my ($path) = @_;
	open my $file, '<', $path or die "cannot read $path: $!\n";
	local $/ = undef;
	return scalar <$file>;
}

# "[group] key of type sql, default 0", sorted: what the table of src/drill/plan/keys.c has.
sub plan_keys_of_table {
	my $text = read_source('src/drill/plan/keys.c');
	my @keys;
	while ($text =~ /^\t\{"([\w-]+)", "([\w-]+)", PLAN_\w+,((?:[^"{}]|"(?:[^"\\]|\\.)*")*)\}/mg) {
		my ($group, $key, $rest) = ($1, $2, $3);
		my $types = join ' and ', map { lc tr/_/-/r } $rest =~ /\bOF\((\w+)\)/g;
		my ($default) = $rest =~ /\.fallback = "([^"]*)"/;
		push @keys, describe_plan_key($group, $key, $types, $default, $rest =~ /\.required = true/);
	}
	my $rows = () = $text =~ /^\t\{"/mg;
	return $rows == @keys && @keys ? [sort @keys] : ["$rows rows, of which " . @keys . ' were understood'];
}

sub describe_plan_key {
	my ($group, $key, $types, $default, $required) = @_;
	return "[$group] $key" . ($types ? " of type $types" : '') . (defined $default ? ", default $default" : '') . ($required ? ', required' : '');
}

# The same from odrbackup-drill(5).
sub plan_keys_of_page {
	my @keys;
	for my $part (split /^(?=\.S[sh] )/m, read_source('man/odrbackup-drill.5')) {
		my ($group) = $part =~ /^\.Ss \[(\w+)/ or next;
		for my $item (split /^(?=\.It )/m, $part) {
			my ($key) = $item =~ /^\.It Cm ([\w-]+) Ns = Ns / or next;
			my ($types) = $item =~ /^Of type ([\w -]+):/m;
			my ($default) = $item =~ /^Default:\n\.Ql (.*?)(?: \.)?$/m;
			push @keys, describe_plan_key($group, $key, $types, $default, $item =~ /^Required\.$/m);
		}
	}
	return [sort @keys];
}

# What commands of a drill are told, and where that is said.
sub drill_variables {
	my ($path, $pattern) = @_;
	my %found = map { $_ => 1 } read_source($path) =~ /$pattern/g;
	return [sort keys %found];
}

my @paths = glob 'man/*.[1-8]';
plan skip_all => 'there are no manual pages yet' unless @paths;

for my $path (@paths) {
	my $output = qx(mandoc -T lint -W warning '$path' 2>&1);
	ok($? == 0, "$path is clean mdoc") or diag($output);
}

# A command that is to be typed stands in one line of the page, or says by itself that it goes on.
for my $path (@paths) {
	my $page = qx(mandoc -T ascii '$path') =~ s/.\x08//gr;
	my @broken = grep { index($page, $_) < 0 } map { s/\\\(aq|\\\[aq\]/'/gr =~ s/\\e/\\/gr =~ s/\\&//gr =~ s/\\-/-/gr } read_source($path) =~ /^\.Dl (.+)$/mg;
	ok(!@broken, "$path breaks no command in two") or diag(map { "$_\n" } @broken);
}

my $table = do { open my $null, '>&', \*STDERR; open STDERR, '>', '/dev/null'; my $t = read_table(); open STDERR, '>&', $null; $t };
SKIP: {
	skip 'the program cannot print its option table (odrbackup --dump-options)', 1 unless $table;

	my @pages = map { read_page($_) } grep { /\.[18]$/ } @paths;
	my %home;
	for my $page (@pages) {
		push @{$home{$_}}, $page for keys %{$page->{commands}};
	}
	for my $command (sort keys %$table) {
		my $name = length $command ? "odrbackup $command" : 'odrbackup';
		ok($home{$command}, "'$name' has a synopsis in a manual page") or next;
		my @missing = grep {
			my $option = $_;
			!grep { $_->{options}{$option} } @{$home{$command}};
		} sort keys %{$table->{$command}};
		ok(!@missing, "every option of '$name' is in its page")
		    or diag(map { "not in $home{$command}[0]{path}: --$_\n" } @missing);
		is(page_of_help($command), $home{$command}[0]{path}, "the help of '$name' names its page") if length $command;
	}
	for my $page (@pages) {
		my %known = map { %{$table->{$_} // {}} } '', keys %{$page->{commands}};
		my @strange = grep { !exists $known{$_} } sort keys %{$page->{options}};
		ok(!@strange, "$page->{path} has no option that does not exist")
		    or diag(map { "line $page->{options}{$_}: --$_\n" } @strange);
		my @unknown = grep { !$table->{$_} } sort keys %{$page->{commands}};
		ok(!@unknown, "$page->{path} has no command that does not exist")
		    or diag(map { "no such command: '$_'\n" } @unknown);
	}
}

SKIP: {
	my $settings = $program && -e 'man/odrbackup.conf.5' ? settings_of_program() : undef;
	skip 'there is no program that shows its settings', 1 unless $settings;
	is_deeply(documented_settings(), $settings, 'odrbackup.conf(5) has every key with its default, and no other')
	    or diag(explain($settings));
}

# Who begins there finds everything.
my $overview = read_source('man/odrbackup.1');
my @unnamed = grep {
	my ($name, $section) = m{([^/]+)\.(\d)\z};
	"$name.$section" ne 'odrbackup.1' && $overview !~ /^\.Xr \Q$name\E $section\b/m;
} @paths;
ok(!@unnamed, 'odrbackup(1) names every page') or diag(map { "not named: $_\n" } @unnamed);

is_deeply(plan_keys_of_page(), plan_keys_of_table(), 'odrbackup-drill(5) has every key of a plan with its default, and no other');
is_deeply(drill_variables('man/odrbackup-drill.5', qr/^\.It Ev (\w+)$/m),
	drill_variables('src/drill/check/host.c', qr/add\(environment, "(ODR_\w+)"/), 'and every variable that a command is given');
is_deeply({ read_source('man/odrbackup-metrics.7') =~ /^\.It Sy (\w+\.\w+)\n([0-9a-f]{32}):$/mg },
	{ read_source('src/base/journal.c') =~ /\{"(\w+\.\w+)", "([0-9a-f]{32})"\}/g }, 'and every event that has an id in the journal');

done_testing();
