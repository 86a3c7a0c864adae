export { right as default } from "./double-checked.mjs";
