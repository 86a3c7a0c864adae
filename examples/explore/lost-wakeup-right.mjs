export { right as default } from "./lost-wakeup.mjs";
