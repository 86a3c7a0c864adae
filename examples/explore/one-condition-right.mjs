export { right as default } from "./one-condition.mjs";
