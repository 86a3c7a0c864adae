export { right as default } from "./counter.mjs";
