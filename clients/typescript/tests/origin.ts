// Where the example is. Without one there is nothing to try.

const [first] = (process.env.ORIGINS ?? "").split(" ");
if (!first) {
  console.log("skipped: ORIGINS is not set");
  process.exit(0);
}

export const origin: string = first;
