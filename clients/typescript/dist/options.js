// What a caller may say.
export {};
