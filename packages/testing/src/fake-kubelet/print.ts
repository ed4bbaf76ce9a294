/** Hears one line for whatever a person should know. */
export type Print = (line: string) => void;
