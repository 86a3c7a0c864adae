export { right as default } from "./circle.mjs";
