/** The exports of `src/server/model/<name>.ts`. */
export function importModel<Module>(name: string): Promise<Module>;
