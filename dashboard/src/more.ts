export { Bill } from './bill.js';
export { csv, save } from './csv.js';
export { Help } from './help.js';
export { Drawer } from './panels/drawer.js';
