export * from './browser.ts';
export * from './control.ts';
export * from './conversation.ts';
export * from './desktop.ts';
export * from './files.ts';
export * from './shell.ts';
export * from './tool.ts';
export * from './web.ts';
