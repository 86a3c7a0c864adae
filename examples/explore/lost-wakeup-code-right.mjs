export { right as default } from "./lost-wakeup-code.mjs";
