export { right as default } from "./suspend.mjs";
