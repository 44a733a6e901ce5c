# Drills of a site: plans, of which some keys are changed, and what comes of them.
#
#   my $drills = Odr::Drill->new(site => $site, usual => { evidence => { key => 'evidence' } });
#   my $plan = $drills->plan('weekly', sandbox => { jobs => 1 }, odoo => { start => undef });   # its path
#   my ($record, $result) = $drills->run($plan, ['--target', 'latest'], 0, 'pass', 'what is tried');
#   is(Odr::Drill::check_of($record, 'filestore')->{status}, 'pass');
#   $drills->ok_nothing_left('afterwards');
package Odr::Drill;

use strict;
use warnings;

use File::Path ();
use Test::More ();

use Odr::Work;

# Options: site; sandbox (a folder; made, with its marker), plans (a folder; made), usual (what every plan has besides).
sub new {
	my ($class, %option) = @_;
	my $site = $option{site};
	my $self = bless { sandbox => $site->path('d'), plans => $site->path('plans'), %option }, $class;
	new_dir($_, 0700) for $self->{sandbox}, $self->{plans};
	write_file("$self->{sandbox}/.odrbackup-drill", '');
	return $self;
}

sub sandbox { return $_[0]{sandbox} }

# A file beside the plans, as a plan names it; its folder is made.
sub beside {
	my ($self, $name, $text, $mode) = @_;
	new_dir("$self->{plans}/$1") if $name =~ m{(.*)/};
	write_file("$self->{plans}/$name", $text, $mode);
	return $name;
}

# group => { key => value }; undef drops a key, or a group.
sub plan {
	my ($self, $name, %change) = @_;
	my %group = (
		plan => { version => 1, name => $name, service => $self->{site}->service },
		schedule => { slot => 'weekly' },
		select => { target => 'latest' },
		sandbox => { directory => $self->{sandbox}, 'keep-failed' => '0s' },
		neutralize => { mode => 'sql' },
	);
	for my $more ($self->{usual} // {}, \%change) {
		$group{$_} = $more->{$_} && { %{ $group{$_} // {} }, %{ $more->{$_} } } for keys %$more;
	}
	my $text = '';
	for my $title (sort { ($b eq 'plan') <=> ($a eq 'plan') || $a cmp $b } grep { $group{$_} } keys %group) {
		my %key = %{ $group{$title} };
		$text .= "[$title]\n" . join('', map { "$_ = $key{$_}\n" } grep { defined $key{$_} } sort keys %key) . "\n";
	}
	return write_file("$self->{plans}/$name.plan", $text);
}

# A plan that is shipped, as an operator fits it: pattern => replacement, each found.
sub shipped {
	my ($self, $name, %change) = @_;
	my $text = read_file(source_path("drills/$name.plan"));
	$text =~ s/^directory = .*/directory = $self->{sandbox}/m or die "there is no directory in $name.plan\n";
	$text =~ s/^probe = .*\n//m;
	for my $pattern (sort keys %change) {
		$text =~ s/$pattern/$change{$pattern}/mg or die "there is no '$pattern' in $name.plan\n";
	}
	return write_file("$self->{plans}/$name.plan", $text);
}

# One drill: its record, and the run of the program. The outcome is exact, or a pattern.
sub run {
	my ($self, $plan, $arguments, $status, $outcome, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $result = $self->{site}->tool('drill', 'run', $plan, '--json', @$arguments);
	my ($summary) = grep { $_->{message_type} eq 'summary' } $result->json_lines;
	my $record = $summary->{record} // {};
	my $good = Test::More::is($result->status, $status, "$name: exit status $status");
	$good &= Test::More::like($record->{outcome}, ref $outcome ? $outcome : qr/^\Q$outcome\E$/, "$name: outcome $outcome");
	$good or Test::More::diag(join "\n", 'status ' . $result->status, $result->err,
		$record->{failure} ? Test::More::explain($record->{failure}) : (),
		map({ "$_->{name}: $_->{status}: " . ($_->{message} // '') }
			grep { $_->{status} ne 'pass' || $_->{warned} } @{ $record->{checks} // [] }), @{ $record->{deviations} // [] });
	return ($record, $result);
}

# The result of a check; members tell apart those of one name: stage, part, database.
sub check_of {
	my ($record, $name, %member) = @_;
	my @found = grep { $_->{name} eq $name } @{ $record->{checks} };
	for my $member (keys %member) {
		@found = grep { ($_->{$member} // '') eq $member{$member} } @found;
	}
	return $found[0] // {};
}

# Folders below /proc of what runs in the sandbox, or was started with its path.
sub processes {
	my ($self, $pattern) = @_;
	return grep {
		my $said = eval { read_file("$_/cmdline") } // '';
		join(' ', readlink("$_/cwd") // '', $said) =~ /\Q$self->{sandbox}\E/ && $said =~ ($pattern // qr//);
	} glob '/proc/[0-9]*';
}

# The pid of the postmaster that runs there, waited for.
sub server {
	my ($self) = @_;
	my $file;
	poll_until('a server in the sandbox', sub { ($file) = glob "$self->{sandbox}/sandbox-*/data/postmaster.pid"; return $file && -s $file }, 60);
	return (split /\n/, read_file($file))[0];
}

sub ok_nothing_left {
	my ($self, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	Test::More::is_deeply([glob "$self->{sandbox}/sandbox-*"], [], "$name: nothing is left in the sandbox");
	return Test::More::is_deeply([$self->processes], [], "$name: nor a process");
}

# Every drill of the site left a record that holds.
sub ok_evidence {
	my ($self, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return $self->{site}->tool_ok(['evidence', 'verify'], $name // 'the evidence of every drill verifies');
}

1;
