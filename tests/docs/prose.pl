#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Prints the prose of source files, one paragraph a line, as FILE:LINE: TEXT. Lines of a comment are
# joined, so that a phrase is found across line breaks. For words.bats, and to read the whole in one go.
#
#   prose.pl comments FILE...   comments of C++, shell and bats files, and names of bats tests
#   prose.pl strings FILE...    string literals of C++ files that hold a sentence
#   prose.pl text FILE...       Markdown and mdoc, without code blocks and macro names
#   prose.pl messages FILE...   what fail(), refuse(), problem() and Error are given: WHAT | REASON, HINT ...
use strict;
use warnings;

my $mode = shift // die "usage: prose.pl comments|strings|text|messages FILE...\n";

sub show {
  my ($file, $line, $text) = @_;
  $text =~ s/\s+/ /g;
  $text =~ s/^ | $//g;
  print "$file:$line: $text\n" if $text =~ /[A-Za-z]{2}/;
}

# The literals of a piece of code, adjacent ones joined: a list of [offset, text].
sub literals {
  my ($code) = @_;
  my @found;
  while ($code =~ /((?<![A-Za-z0-9_'\\])"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*)/g) {
    my ($all, $at) = ($1, $-[1]);
    my $text = join '', $all =~ /"((?:[^"\\\n]|\\.)*)"/g;
    push @found, [$at, $text];
  }
  return @found;
}

sub line_of { my ($text, $at) = @_; return 1 + (substr($text, 0, $at) =~ tr/\n//); }

sub without_comments {
  my ($text) = @_;
  $text =~ s{^(\s*)//.*$}{$1}mg;
  $text =~ s{(\s)//[ /<].*$}{$1}mg;
  $text =~ s{^\s*#\s*include.*$}{}mg;
  return $text;
}

# The arguments of a call that begins at $at, after its parenthesis.
sub arguments {
  my ($text, $at) = @_;
  my ($depth, $end) = (1, $at);
  while ($depth > 0 && $end < length $text) {
    my $c = substr $text, $end, 1;
    if ($c eq '"') {
      pos($text) = $end;
      $end = $+[0] - 1 if $text =~ /\G"(?:[^"\\]|\\.)*"/gc;
    }
    $depth++ if $c eq '(' || $c eq '{';
    $depth-- if $c eq ')' || $c eq '}';
    $end++;
  }
  return substr $text, $at, $end - $at - 1;
}

for my $file (@ARGV) {
  open my $in, '<', $file or die "prose.pl: $file: $!\n";
  my $text = do { local $/; <$in> };
  close $in;
  if ($mode eq 'comments') {
    my $mark = $file =~ /\.(cc|hh|c|h)$/ ? qr{//[/!<]*} : qr{\#};
    my ($from, $joined) = (0, '');
    my $number = 0;
    for my $line (split /\n/, "$text\n", -1) {
      $number++;
      if ($line =~ /^\s*$mark(?![!+])(.*)$/) {
        my $words = $1;
        if ($words =~ /^\s*$|^\s{3,}|^\s*(SPDX|shellcheck|bats )/) {
          show($file, $from, $joined);
          $joined = '';
          next;
        }
        $from = $number if $joined eq '';
        $joined .= " $words";
        next;
      }
      show($file, $from, $joined);
      $joined = '';
      show($file, $number, $1) if $line =~ /^\@test "(.*)" \{$/;
      show($file, $number, $2) if $line =~ /[;{},)]\s+($mark)\s*([^"']*)$/;
    }
    show($file, $from, $joined);
  } elsif ($mode eq 'strings') {
    my $code = without_comments($text);
    show($file, line_of($code, $_->[0]), $_->[1]) for grep { $_->[1] =~ /[a-z] [a-z]/ } literals($code);
  } elsif ($mode eq 'messages') {
    my $code = without_comments($text);
    while ($code =~ /\b(fail|refuse|problem|cannot|Error)[({]/g) {
      my ($call, $at) = ($1, $+[0]);
      my $given = arguments($code, $at);
      my @words = grep { /[a-z]{2}/ } map { $_->[1] } literals($given);
      next unless @words;
      # Words that are a constant's or come from elsewhere are shown by their name.
      my $first = $given =~ /^\s*"/ ? shift @words : $given =~ /^\s*(\w+)/ ? "<$1>" : '<...>';
      $first = "cannot $first" if $call =~ /fail|refuse|cannot/;
      show($file, line_of($code, $at), join ' | ', $first, @words);
    }
  } else {
    my $is_code = 0;
    my $number = 0;
    my ($from, $joined) = (0, '');
    for my $line (split /\n/, "$text\n", -1) {
      $number++;
      my $fence = $line =~ /^```|^\.Bd -literal|^\.Ed/;
      $is_code = $line =~ /^\.Ed/ ? 0 : $line =~ /^\.Bd/ ? 1 : !$is_code if $fence;
      if ($fence || $is_code || $line =~ /^\s*$|^\.(Pp|It|El|Bl|Sh|Ss|\\")/) {
        show($file, $from, $joined);
        $joined = $line =~ /^\.(It|Sh|Ss) (.*)/ ? $2 : '';
        $from = $number;
        next;
      }
      $line =~ s/^\.[A-Z][a-z]+ //;
      if ($line =~ /^\s*(- |\* |\d+\. |\|)/) {
        show($file, $from, $joined);
        $joined = '';
      }
      $from = $number if $joined eq '';
      $joined .= " $line";
    }
    show($file, $from, $joined);
  }
}
