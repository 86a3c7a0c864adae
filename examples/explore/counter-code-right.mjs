export { right as default } from "./counter-code.mjs";
