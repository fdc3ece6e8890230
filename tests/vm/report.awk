# Counts one kernel's TAP results, and prints the tests that did not pass. The last line is "PASSED FAILED SKIPPED".
#
#   awk -v must_work=0|1 -v lane=MESSAGE -f report.awk FILE
#
# A planned test without a result has failed, and so has a lane that ended badly: `lane` says how, or
# is empty. With must_work, a skipped test has failed.

function fail(text) { failed++; print "  FAILED  " text; detail = 1 }

# The number of a result: "ok N ...", "not ok N ...".
/^(not )?ok [0-9]+/ { came[($1 == "ok" ? $2 : $3) + 0] = 1 }

function missing(  number, list) {
  for (number = 1; number <= planned; number++) if (!(number in came)) list = list " " number
  return list
}

/^1\.\.[0-9]+$/ { planned = substr($0, 4) + 0; has_plan = 1; next }

/^ok [0-9]+ .* # skip/ || /^ok [0-9]+ # skip/ {
  seen++
  detail = 0
  name = $0
  sub(/^ok [0-9]+ /, "", name)
  if (must_work) fail(name " (a skip is a failure under NSX_MUST_WORK=1)")
  else { skipped++; print "  skipped " name }
  next
}

/^ok [0-9]+/ {
  seen++
  passed++
  detail = 0
  milliseconds = $NF
  if (sub(/ms$/, "", milliseconds) && milliseconds + 0 > 20000) print "  slow    " substr($0, index($0, $3))
  next
}

/^not ok [0-9]+/ {
  seen++
  name = $0
  sub(/^not ok [0-9]+ /, "", name)
  fail(name)
  next
}

/^# exit status [0-9]+$/ { has_status = 1; status = $4 + 0; next }

# The output of bats about a failure.
/^#/ { if (detail) print "          " substr($0, 3); next }
/^Bail out!/ { next }

# Output outside of any test, such as bats' own complaints.
{ print "          " $0 }

END {
  if (lane != "") {
    failed += planned > seen ? planned - seen : 0
    if (planned > seen) print "  FAILED  " planned - seen " of " planned " tests have no result"
    else failed++
    print "  FAILED  " lane
  } else if (!has_plan || planned == 0) fail("no test was run")
  else if (seen != planned) {
    failed += planned > seen ? planned - seen : 1
    print "  FAILED  " seen " results for " planned " tests; without one:" missing()
  } else if (has_status && status != 0 && failed == 0) fail("bats ended with status " status)
  print passed + 0, failed + 0, skipped + 0
}
