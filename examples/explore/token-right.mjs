export { config, right as default } from "./token.mjs";
