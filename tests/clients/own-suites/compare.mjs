// What was found, beside what is expected: per file how many pass and skip themselves, and which
// fail, each for a reason that is written down.

// Prints a table; whether everything is as expected.
export function compared(found, { files, fail }, filter) {
  const surprises = [];
  const reason = (file, test) => fail.find(({ of, tests }) => (
    new RegExp(of).test(file) && new RegExp(tests).test(test)
  ))?.why;
  const sum = { passed: 0, failed: 0, skipped: 0 };
  const line = (file, passed, failed, skipped) => console.log(
    `${String(passed).padStart(6)} ${String(failed).padStart(6)} ${String(skipped).padStart(7)}  ${file}`,
  );
  line('', 'passed', 'failed', 'skipped');
  for (const [file, tests] of Object.entries(found).sort()) {
    const { passed, failed, skipped } = tests;
    line(file, passed.length, failed.length, skipped.length);
    for (const how of Object.keys(sum)) sum[how] += tests[how].length;
    for (const test of failed) {
      if (!reason(file, test)) surprises.push(`${file}: ${test} failed`);
    }
    const expected = files[file];
    if (!expected) surprises.push(`${file} is not in the expectations`);
    else if (passed.length !== expected[0] || skipped.length !== expected[1]) {
      surprises.push(`${file}: ${expected[0]} were to pass and ${expected[1]} to skip themselves`);
    }
  }
  line('together', sum.passed, sum.failed, sum.skipped);
  for (const why of new Set(fail.map((it) => it.why))) {
    const of = Object.entries(found).flatMap(([file, { failed }]) => (
      failed.filter((test) => reason(file, test) === why)
    ));
    if (of.length > 0) console.log(`${String(of.length).padStart(6)} failed: ${why}`);
  }
  for (const file of filter ? [] : Object.keys(files)) {
    if (!found[file]) surprises.push(`${file} did not run`);
  }
  for (const surprise of surprises) console.log(`not as expected: ${surprise}`);
  return surprises.length === 0;
}
